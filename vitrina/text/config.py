"""Settings of cleaning and of normalisers."""

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


@dataclass(kw_only=True)
class NoNormalizerConfig:
    """Texts as they are."""

    kind: str
    """Which normaliser this is."""


@dataclass(kw_only=True)
class UnicodeNormalizerConfig:
    """Compatibility forms unified (NFKC), invisible characters removed."""

    kind: str
    """Which normaliser this is."""


OPTIONS: dict[str, type] = {
    "none": NoNormalizerConfig,
    "unicode": UnicodeNormalizerConfig,
}
