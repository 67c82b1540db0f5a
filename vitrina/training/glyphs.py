"""Training of a glyph encoder: to tell characters apart, in whatever face and however distorted.

Each step shows characters drawn at random, each in one of its pictures, all but a share of them
distorted. The loss is the cross entropy of a softmax over cosines with a vector for each class
(normalised softmax, Wang et al. 2017), which draws the pictures of a class together.

Shapes: P specimens, B pictures in a step, K features, M classes, H/W pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from vitrina.glyphs.encoder import GlyphEncoder
from vitrina.glyphs.font_dataset import Specimens
from vitrina.models.layers.augmentation import Distortion, distort

DISTORTION = Distortion.of(0.6, marks=0.15, erased=0.1)
"""Well within what stays a letter, with a stroke or dot too many here, a piece missing there: at
strength 1 fewer letters are found for look-alikes that were never shown."""


@dataclass(frozen=True)
class GlyphTraining:
    """How a glyph encoder is trained.

    Attributes:
        steps: optimizer steps.
        batch_size: pictures in a step.
        learning_rate: largest one; it rises over the first tenth and falls to 0.
        weight_decay: of all weights.
        sharpness: what cosines are multiplied by before the softmax.
        plain: share of the pictures that are not distorted.
        distortion: how far the others are.
        seed: of weights and draws.
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
    specimens: Specimens,
    training: GlyphTraining,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> GlyphEncoder:
    """A trained encoder.

    Args:
        encoder_of: makes the untrained one; called once, with torch's generator seeded.
        progress: is told the number of the step and its loss, every hundred steps.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        encoder = encoder_of()
        classes_MK = nn.Parameter(torch.randn(specimens.num_classes, encoder.num_features))
        parameters = [*encoder.parameters(), classes_MK]
        optimizer = torch.optim.AdamW(
            parameters, training.learning_rate, weight_decay=training.weight_decay
        )
        pictures_PHW = torch.from_numpy(specimens.pictures)
        classes_P = torch.from_numpy(specimens.classes)
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
