"""Glyph features from a trained encoder, which depend on the character more than on the font.

The encoder is a small convolutional network, trained to classify distorted characters of many fonts
(`tools/train_glyph_encoder.py`). Its features are the inputs of its last layer, where characters
that people confuse are close. Here it is frozen, with normalization folded into the convolutions.

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

from vitrina.errors import InputError
from vitrina.files import package_folder, read_tensors
from vitrina.state import FittedState

FORM = "glyph_encoder.1"
"""Version of the file format; other versions are rejected."""
STRIDES = (1, 2, 2, 1)
"""Strides of the convolutions."""


def own_encoder() -> Path:
    """Return the path of the built-in encoder."""
    return package_folder("resources") / "glyphs" / "encoder.safetensors"


class EncoderFeatures(nn.Module):
    """Computes the features of a frozen glyph encoder.

    Args:
        fitted: the arrays returned by `read_encoder`.

    Attributes:
        num_features: number of features K.
    """

    def __init__(self, fitted: FittedState) -> None:
        super().__init__()
        # Not persistent: the arrays are saved with the fitted state.
        for name, array in fitted.arrays.items():
            if name != "canvas":
                tensor = torch.from_numpy(np.array(array, dtype=np.float32))
                self.register_buffer(name, tensor, persistent=False)
        self.num_features = len(fitted.arrays["bias"])

    def forward(self, pictures_GHW: Tensor) -> Tensor:
        """Map pictures (255 is ink) to features float32 [G, K], computed in fp32."""
        with torch.no_grad(), torch.autocast(pictures_GHW.device.type, enabled=False):
            x = pictures_GHW.float().unsqueeze(1) / 255
            for i, stride in enumerate(STRIDES):
                weight, bias = self.get_buffer(f"weight_{i}"), self.get_buffer(f"bias_{i}")
                x = F.conv2d(x, weight, bias, stride, padding=1).relu_()
            return F.linear(x.flatten(1), self.get_buffer("weight"), self.get_buffer("bias"))


@lru_cache(maxsize=8)
def read_encoder(path: Path) -> tuple[FittedState, Mapping[str, object]]:
    """Read a file of `tools/train_glyph_encoder.py`: the arrays and the training record.

    Raises:
        InputError: if the file is missing, has another format or is damaged.
    """
    advice = "make one with tools/train_glyph_encoder.py"
    try:
        arrays, texts = read_tensors(path, "numpy", "a glyph encoder")
    except FileNotFoundError:
        raise InputError(f"{path}: no such glyph encoder; {advice}") from None
    if texts.get("form") != FORM:
        raise InputError(f"{path}: not a glyph encoder of this version; {advice}")
    return FittedState(arrays), json.loads(texts["made"])
