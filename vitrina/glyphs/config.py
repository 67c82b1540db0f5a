"""Settings of drawn glyphs, which embedders and deobfuscators share."""

from __future__ import annotations

from vitrina.errors import require
from vitrina.registry import Section, setting

FEATURES = ("pixels", "shapes")
"""What glyphs can be compared by."""


class RendererConfig(Section):
    """How glyphs are drawn."""

    fonts: list[str] = setting([])
    """Font files, tried in this order for each character; empty: DejaVu Sans."""
    font_size_px: int = setting(12, ge=1)
    """Size of the em square."""
    height_px: int = setting(24, ge=1)
    """Height of a glyph's canvas."""
    width_px: int = setting(16, ge=1)
    """Width of a glyph's canvas."""


class FeaturesConfig(RendererConfig):
    """What is computed from the picture of a glyph."""

    features: str = setting("pixels", choices=FEATURES)
    """What is whitened: pixels, or shapes (features of the glyph encoder)."""
    shapes: str | None = None
    """File of a glyph encoder (tools/train_glyph_encoder.py); null: the project's own."""
    num_components: int = setting(128, ge=1)
    """Principal components of the features that are kept."""
    shrinkage: float = setting(0.5, ge=0)
    """Share of the largest standard deviation added to each when dividing by it."""

    def check(self, key: str) -> None:
        super().check(key)
        used = self.shapes is None or self.features == "shapes"
        require(used, f"{key}.shapes", self.shapes, f"null unless {key}.features is shapes")
