"""Settings of cleaning."""

from __future__ import annotations

from vitrina.registry import Section


class CleaningConfig(Section):
    """Parts of a text that are removed when it is loaded."""

    html: bool = True
    """Decode HTML entities and remove HTML tags."""
    urls: bool = True
    """Remove web addresses."""
    mentions: bool = True
    """Remove VK mentions: [id123|Name], [club1|Name]."""
    bom: bool = True
    """Remove byte order marks."""
