"""A glyph encoder: what a picture of a glyph shows, whatever its face, size, place and stroke.

A small convolutional network that has learned to tell characters apart in many faces, distorted
(`vitrina.training.glyphs`). What it says just before it decides are its features: what a person
confuses lies close, what a person tells apart does not. `GlyphEncoder` is what is trained;
`EncoderFeatures` is the same, frozen, its normalisations folded into the convolutions.

Shapes: G pictures, H/W pixels, K features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vitrina.errors import InputError
from vitrina.files import package_folder
from vitrina.state import FittedState
from vitrina.tensor_files import read_tensors, write_tensors

FORM = "glyph_encoder.1"
"""The files' form; another one is refused."""

STRIDES = (1, 2, 2, 1)
"""Of the convolutions, whose channels are 1, 2, 4 and 4 times those of the first."""
MULTIPLE_PX = 4
"""Height and width of a canvas are multiples of this."""


def own_encoder() -> Path:
    """The project's own glyph encoder, made by `tools/train_glyph_encoder.py`."""
    return package_folder("resources") / "glyphs" / "encoder.safetensors"


class GlyphEncoder(nn.Module):
    """Convolutions over a picture, each normalised, then one linear layer.

    Args:
        height_px, width_px: the canvas, multiples of `MULTIPLE_PX`.
        font_size_px: em square at which glyphs stand on it.
        channels: of the first convolution.
        num_features: number of features K.
    """

    def __init__(
        self, height_px: int, width_px: int, font_size_px: int, channels: int, num_features: int
    ) -> None:
        super().__init__()
        assert height_px % MULTIPLE_PX == 0 and width_px % MULTIPLE_PX == 0
        self.canvas = (height_px, width_px, font_size_px)
        self.num_features = num_features
        widths = [1, channels, 2 * channels, 4 * channels, 4 * channels]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(widths[i], widths[i + 1], 3, stride, padding=1, bias=False)
            for i, stride in enumerate(STRIDES)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        places = (height_px // MULTIPLE_PX) * (width_px // MULTIPLE_PX)
        self.linear = nn.Linear(widths[-1] * places, num_features)

    def forward(self, pictures_GHW: Tensor) -> Tensor:
        """Pictures, 255 is ink, to features float32 [G, K]."""
        x = pictures_GHW.float().unsqueeze(1) / 255
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = norm(convolution(x)).relu()
        return self.linear(x.flatten(1))

    def frozen(self) -> FittedState:
        """What `EncoderFeatures` needs."""
        arrays = {"canvas": np.array(self.canvas, dtype=np.int64)}
        self.eval()
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            folded = fuse_conv_bn_eval(convolution, norm)
            assert folded.bias is not None
            arrays[f"weight_{i}"] = folded.weight.detach().numpy()
            arrays[f"bias_{i}"] = folded.bias.detach().numpy()
        arrays["weight"] = self.linear.weight.detach().numpy()
        arrays["bias"] = self.linear.bias.detach().numpy()
        return FittedState(arrays)


class EncoderFeatures(nn.Module):
    """The features of a trained glyph encoder. They stay as they are.

    Args:
        artefacts: what `GlyphEncoder.frozen` gave.

    Attributes:
        num_features: number of features K.
    """

    def __init__(self, fitted: FittedState) -> None:
        super().__init__()
        # Part of the artefacts, so not of the weights.
        for name, array in fitted.arrays.items():
            if name != "canvas":
                tensor = torch.from_numpy(np.array(array, dtype=np.float32))
                self.register_buffer(name, tensor, persistent=False)
        self.num_features = len(fitted.arrays["bias"])

    def forward(self, pictures_GHW: Tensor) -> Tensor:
        """Pictures, 255 is ink, to features float32 [G, K], computed in fp32."""
        with torch.no_grad(), torch.autocast(pictures_GHW.device.type, enabled=False):
            x = pictures_GHW.float().unsqueeze(1) / 255
            for i, stride in enumerate(STRIDES):
                weight, bias = self.get_buffer(f"weight_{i}"), self.get_buffer(f"bias_{i}")
                x = F.conv2d(x, weight, bias, stride, padding=1).relu_()
            return F.linear(x.flatten(1), self.get_buffer("weight"), self.get_buffer("bias"))


def save_encoder(path: Path, encoder: GlyphEncoder, made: Mapping[str, object]) -> None:
    """Write a trained encoder, weights in half precision, and how it was made.

    Raises:
        InputError: if it cannot be written.
    """
    arrays = {
        name: np.ascontiguousarray(array, dtype=None if name == "canvas" else np.float16)
        for name, array in encoder.frozen().arrays.items()
    }
    write_tensors(path, arrays, {"form": FORM, "made": json.dumps(dict(made))})


@lru_cache(maxsize=8)
def read_encoder(path: Path) -> tuple[FittedState, Mapping[str, object]]:
    """What `save_encoder` wrote: artefacts for `EncoderFeatures`, and how the encoder was made.

    Raises:
        InputError: if the file is missing, of another form or damaged.
    """
    advice = "make one with tools/train_glyph_encoder.py"
    try:
        arrays, texts = read_tensors(path, "numpy", "a glyph encoder")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such glyph encoder; {advice}") from None
    if texts.get("form") != FORM:
        raise InputError(f"{path}: not a glyph encoder of this version's form; {advice}")
    return FittedState(arrays), json.loads(texts["made"])
