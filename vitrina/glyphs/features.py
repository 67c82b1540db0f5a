"""The space in which glyphs are compared: whitened pixels, or whitened features of a glyph encoder.

Shapes: G glyphs, H/W pixels, P pixels or features, K components.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.errors import InputError
from vitrina.glyphs.distortion import Distortion, distort
from vitrina.glyphs.encoder import EncoderFeatures, own_encoder, read_encoder
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.whitening import Whitening, fit_whitening
from vitrina.state import FittedState

FIT_COPIES = 8
"""Distorted pictures of each glyph in the fit of the whitening, where training distorts."""


class FeatureSettings(Protocol):
    """Settings of the features of glyphs: how they are drawn, and what is whitened."""

    fonts: list[str]
    font_size_px: int
    height_px: int
    width_px: int
    features: str
    shapes: str | None
    num_components: int
    shrinkage: float


def fit_glyph_features(
    config: FeatureSettings, glyphs: Sequence[str], distortion: Distortion
) -> FittedState:
    """Fit the state of `GlyphFeatures`: the whitening of distinct glyphs, and the encoder, if any.

    Where training distorts pictures, the whitening is fitted on distorted ones too. Otherwise it
    would magnify the directions in which a distortion moves a picture, as few glyphs differ there.

    Args:
        config: settings of the drawing and of the features.
        glyphs: distinct glyphs.
        distortion: how far training distorts pictures.

    Raises:
        InputError: if there are fewer than two glyphs, or the encoder's file is missing, damaged or
            made for glyphs drawn in another size.
    """
    if len(glyphs) < 2:
        raise InputError("the training texts hold fewer than two distinct glyphs")
    drawn = GlyphRenderer(config.fonts, config.font_size_px, config.height_px)
    pictures_GHW = torch.from_numpy(drawn.render(glyphs, config.width_px))
    if distortion != Distortion():
        copies = pictures_GHW.repeat(FIT_COPIES, 1, 1)
        distorted = distort(copies, distortion, torch.Generator().manual_seed(0))
        pictures_GHW = torch.cat([pictures_GHW, distorted])
    if config.features == "pixels":
        pixels_GP = pictures_GHW.flatten(1).numpy() / 255.0
        return fit_whitening(pixels_GP, config.num_components, config.shrinkage)
    encoder = _encoder(config)
    features_GP = EncoderFeatures(encoder)(pictures_GHW).numpy()
    whitening = fit_whitening(features_GP, config.num_components, config.shrinkage)
    shapes = {f"shapes.{name}": array for name, array in encoder.arrays.items()}
    return FittedState({**whitening.arrays, **shapes})


def _encoder(config: FeatureSettings) -> FittedState:
    path = own_encoder() if config.shapes is None else Path(config.shapes)
    fitted, _ = read_encoder(path)
    drawn = (config.height_px, config.width_px, config.font_size_px)
    made_for = tuple(int(size) for size in fitted.arrays["canvas"])
    if drawn != made_for:
        height, width, size = made_for
        raise InputError(
            f"embedder.shapes: {path} was made for embedder.height_px = {height}, "
            f"embedder.width_px = {width} and embedder.font_size_px = {size}; "
            "make another with tools/train_glyph_encoder.py, or take pixels instead of shapes"
        )
    return fitted


class GlyphFeatures(nn.Module):
    """Computes whitened components of pictures of glyphs.

    Args:
        fitted: the state that `fit_glyph_features` returned.
        shapes: the glyph encoder, where that state lacks it.

    Attributes:
        num_components: number of components K.
    """

    def __init__(self, fitted: FittedState, shapes: FittedState | None = None) -> None:
        super().__init__()
        shapes = shapes or fitted.part("shapes")
        self.features = EncoderFeatures(shapes) if shapes.arrays else None
        self.whitening = Whitening(fitted)
        self.num_components = self.whitening.num_components

    def forward(self, pictures_GHW: Tensor) -> Tensor:
        """Pictures [G, H, W], 255 is ink, to components [G, K]."""
        if self.features is None:
            return self.whitening(pictures_GHW)
        return self.whitening.whiten(self.features(pictures_GHW))

    def on_host(self, pictures_GHW: np.ndarray) -> np.ndarray:
        """Map uint8 pictures to components float32 [G, K], in full precision.

        Models next to this may run in bf16, which must not change what a glyph is.
        """
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            return self(torch.from_numpy(pictures_GHW)).numpy()
