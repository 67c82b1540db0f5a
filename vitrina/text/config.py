"""Settings of cleaning."""

from __future__ import annotations

from vitrina.registry import Section


class CleaningConfig(Section):
    """Transport debris that is removed from texts when they are loaded."""

    html: bool = True
    """Decode HTML entities and remove HTML tags."""
    urls: bool = True
    """Remove web addresses."""
    mentions: bool = True
    """Remove mentions of VK: [id123|Name], [club1|Name]."""
    bom: bool = True
    """Remove byte order marks."""
