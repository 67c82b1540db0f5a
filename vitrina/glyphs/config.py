"""Settings of glyph pictures, shared by embedders and deobfuscators."""

from __future__ import annotations

from vitrina.errors import require
from vitrina.registry import Section, setting

FEATURES = ("pixels", "shapes")
"""Kinds of glyph features."""


class RendererConfig(Section):
    """Settings of the glyph renderer."""

    fonts: list[str] = setting([])
    """Font files, tried in this order for each character; empty: DejaVu Sans."""
    font_size_px: int = setting(12, ge=1)
    """Size of the em square."""
    height_px: int = setting(24, ge=1)
    """Height of the glyph canvas."""
    width_px: int = setting(16, ge=1)
    """Width of the glyph canvas."""

    def fonts_used(self) -> list[str] | None:
        return self.fonts


class WhiteningConfig(RendererConfig):
    """Settings of whitening."""

    num_components: int = setting(128, ge=1)
    """Number of principal components."""
    shrinkage: float = setting(0.5, ge=0)
    """Fraction of the largest standard deviation that is added to each divisor."""


class FeaturesConfig(WhiteningConfig):
    """Settings of glyph features."""

    # On texts of only confusable letters (Unicode TS 39), models trained on all comments reach
    # ROC-AUC 0.929 with codes of shapes and 0.894 with codes of pixels.
    features: str = setting("shapes", choices=FEATURES)
    """Whitened features: shapes (glyph encoder) or pixels (any glyph size, no encoder needed)."""
    shapes: str | None = None
    """File of a glyph encoder (tools/train_glyph_encoder.py); null: the built-in file."""

    def check(self, key: str) -> None:
        super().check(key)
        used = self.shapes is None or self.features == "shapes"
        require(used, f"{key}.shapes", self.shapes, f"null unless {key}.features is shapes")
