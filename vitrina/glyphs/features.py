"""Features for comparing glyphs: whitened pixels or whitened features of a glyph encoder.

Shapes: G glyphs, H/W pixels, P pixels or features, K components.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.errors import InputError
from vitrina.glyphs.config import FeaturesConfig, WhiteningConfig
from vitrina.glyphs.encoder import EncoderFeatures, own_encoder, read_encoder
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.whitening import Whitening, fit_whitening
from vitrina.state import FittedState

FIT_COPIES = 8
"""Number of distorted pictures of each glyph in the fit, if training distorts pictures."""


def fit_pixels(
    settings: WhiteningConfig,
    glyphs: Sequence[str],
    distort: Callable[[Tensor], Tensor] | None = None,
) -> FittedState:
    """Fit the whitening of the pixels of distinct glyphs.

    If training distorts pictures, the fit includes distorted ones. Otherwise, whitening would
    amplify the directions of the distortions, which have little variance among glyphs.

    Args:
        distort: distortion of pictures [G, H, W] in training, if any.

    Raises:
        InputError: if there are fewer than two glyphs.
    """
    pictures_GHW = _render(settings, glyphs)
    if distort is not None:
        copies = pictures_GHW.repeat(FIT_COPIES, 1, 1)
        pictures_GHW = torch.cat([pictures_GHW, distort(copies)])
    pixels_GP = pictures_GHW.flatten(1).numpy() / 255.0
    return fit_whitening(pixels_GP, settings.num_components, settings.shrinkage)


def fit_glyph_features(settings: FeaturesConfig, glyphs: Sequence[str], key: str) -> FittedState:
    """Fit the state of `GlyphFeatures`: the whitening of distinct glyphs and any encoder.

    Args:
        key: group of the settings, for error messages.

    Raises:
        InputError: if there are fewer than two glyphs, or the encoder file is missing, damaged or
            made for another glyph size.
    """
    if settings.features == "pixels":
        return fit_pixels(settings, glyphs)
    pictures_GHW, encoder = _render(settings, glyphs), _encoder(settings, key)
    features_GP = EncoderFeatures(encoder)(pictures_GHW).numpy()
    whitening = fit_whitening(features_GP, settings.num_components, settings.shrinkage)
    shapes = {f"shapes.{name}": array for name, array in encoder.arrays.items()}
    return FittedState({**whitening.arrays, **shapes})


def _render(settings: WhiteningConfig, glyphs: Sequence[str]) -> Tensor:
    if len(glyphs) < 2:
        raise InputError("the training texts have fewer than two distinct glyphs")
    return torch.from_numpy(GlyphRenderer.of(settings).render(glyphs, settings.width_px))


def _encoder(settings: FeaturesConfig, key: str) -> FittedState:
    path = own_encoder() if settings.shapes is None else Path(settings.shapes)
    fitted, _ = read_encoder(path)
    drawn = (settings.height_px, settings.width_px, settings.font_size_px)
    made_for = tuple(int(size) for size in fitted.arrays["canvas"])
    if drawn != made_for:
        height, width, size = made_for
        raise InputError(
            f"{key}.shapes: {path} was made for {key}.height_px = {height}, "
            f"{key}.width_px = {width} and {key}.font_size_px = {size}; "
            f"train another with tools/train_glyph_encoder.py or set {key}.features=pixels"
        )
    return fitted


class GlyphFeatures(nn.Module):
    """Maps pictures of glyphs to whitened components.

    Args:
        fitted: the result of `fit_glyph_features`.

    Attributes:
        num_components: number of components K.
    """

    def __init__(self, fitted: FittedState) -> None:
        super().__init__()
        shapes = fitted.part("shapes")
        self.features = EncoderFeatures(shapes) if shapes.arrays else None
        self.whitening = Whitening(fitted)
        self.num_components = self.whitening.num_components

    def forward(self, pictures_GHW: Tensor) -> Tensor:
        """Map pictures [G, H, W] (255 is ink) to components [G, K]."""
        if self.features is None:
            return self.whitening(pictures_GHW)
        return self.whitening.whiten(self.features(pictures_GHW))

    def on_host(self, pictures_GHW: np.ndarray) -> np.ndarray:
        """Map uint8 pictures to components float32 [G, K] in fp32, even under bf16 autocast."""
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            return self(torch.from_numpy(pictures_GHW)).numpy()
