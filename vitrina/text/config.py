"""Settings of cleaning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class CleaningConfig:
    """Transport debris that is taken out of texts when they are loaded."""

    html: bool
    """Decode HTML entities and take out HTML tags."""
    urls: bool
    """Take out web addresses."""
    mentions: bool
    """Take out mentions of VK: [id123|Name], [club1|Name]."""
    bom: bool
    """Take out byte order marks."""
