"""Trains a glyph encoder to classify characters in any face, position and stroke width.

Each step samples images, most of them distorted. The loss is the cross entropy of a softmax over
cosines with a vector per class (normalized softmax, Wang et al. 2017), which clusters the images of
a class.

Shapes: P images of the dataset, G/B images (in a step), K features, M classes, H/W pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vitrina.files import write_tensors
from vitrina.glyphs.distortion import Distortion, distort
from vitrina.glyphs.encoder import FORM, STRIDES
from vitrina.state import FittedState

from .font_dataset import FontDataset

MULTIPLE_PX = 4
"""Divisor of height and width of a canvas."""

DISTORTION = Distortion.of(0.6, marks=0.15, erased=0.1)
"""Letters stay readable, some with an extra stroke or a missing piece. Strength 1 finds fewer
letters of held-out look-alikes."""


class GlyphEncoder(nn.Module):
    """Convolutions over an image, each normalized, then one linear layer.

    Args:
        height_px, width_px: size of the canvas, multiples of `MULTIPLE_PX`.
        font_size_px: em square of the glyphs.
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
        """Map images, 255 is ink, to features float32 [G, K]."""
        x = pictures_GHW.float().unsqueeze(1) / 255
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = norm(convolution(x)).relu()
        return self.linear(x.flatten(1))

    def frozen(self) -> FittedState:
        """Return the arrays of `EncoderFeatures`, with normalizations fused into convolutions."""
        arrays = {"canvas": np.array(self.canvas, dtype=np.int64)}
        self.eval()
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            fused = fuse_conv_bn_eval(convolution, norm)
            assert fused.bias is not None
            arrays[f"weight_{i}"] = fused.weight.detach().numpy()
            arrays[f"bias_{i}"] = fused.bias.detach().numpy()
        arrays["weight"] = self.linear.weight.detach().numpy()
        arrays["bias"] = self.linear.bias.detach().numpy()
        return FittedState(arrays)


@dataclass(frozen=True)
class GlyphTraining:
    """Settings of the training of a glyph encoder.

    Attributes:
        steps: optimizer steps.
        batch_size: images in a step.
        learning_rate: maximum; linear warm-up over the first tenth, linear decay to 0.
        weight_decay: of all weights.
        sharpness: factor of the cosines before the softmax.
        plain: share of the images that are not distorted.
        distortion: of the distorted images.
        seed: of weights and samples.
    """

    steps: int = 1000
    batch_size: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    sharpness: float = 16.0
    plain: float = 0.2
    distortion: Distortion = DISTORTION
    seed: int = 1


def train_glyph_encoder(
    encoder_of: Callable[[], GlyphEncoder],
    dataset: FontDataset,
    training: GlyphTraining,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> GlyphEncoder:
    """Train an encoder and return it.

    Args:
        encoder_of: creates the untrained encoder; called once, after torch is seeded.
        progress: called every hundred steps with the step and its loss.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        encoder = encoder_of()
        classes_MK = nn.Parameter(torch.randn(dataset.num_classes, encoder.num_features))
        parameters = [*encoder.parameters(), classes_MK]
        optimizer = torch.optim.AdamW(
            parameters, training.learning_rate, weight_decay=training.weight_decay
        )
        pictures_PHW = torch.from_numpy(dataset.pictures)
        classes_P = torch.from_numpy(dataset.classes)
        num_plain = round(training.plain * training.batch_size)
        encoder.train()
        for step in range(training.steps):
            done = step / training.steps
            for group in optimizer.param_groups:
                group["lr"] = training.learning_rate * min(1.0, 10 * done + 0.01) * (1 - done)
            drawn_B = torch.randint(len(pictures_PHW), (training.batch_size,))
            shown_BHW = pictures_PHW[drawn_B].float()
            shown_BHW[num_plain:] = distort(shown_BHW[num_plain:], training.distortion)
            features_BK = F.normalize(encoder(shown_BHW), dim=1)
            cosines_BM = features_BK @ F.normalize(classes_MK, dim=1).T
            loss = F.cross_entropy(training.sharpness * cosines_BM, classes_P[drawn_B])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if (step + 1) % 100 == 0:
                progress(step + 1, loss.item())
    return encoder.eval()


def save_encoder(path: Path, encoder: GlyphEncoder, made: Mapping[str, object]) -> None:
    """Write a trained encoder in half precision, with a record of its training.

    Raises:
        InputError: if `path` cannot be written.
    """
    arrays = {
        name: np.ascontiguousarray(array, dtype=None if name == "canvas" else np.float16)
        for name, array in encoder.frozen().arrays.items()
    }
    write_tensors(path, arrays, {"form": FORM, "made": json.dumps(dict(made))})
