"""What is asked of a reading head: its targets and its loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vitrina.models.artefacts import Artefacts
from vitrina.models.ragged import Ragged, to_device
from vitrina.ocr.alphabet import Alphabet, Readings
from vitrina.ocr.config import CtcConfig
from vitrina.ocr.ctc import ctc_loss, required_steps
from vitrina.text.columns import Texts


class Reading:
    """Reads a text letter by letter.

    Args:
        config: the option's values.
        artefacts: what `fit` gave: the alphabet.
    """

    def __init__(self, config: CtcConfig, artefacts: Artefacts) -> None:
        self.config = config
        self.alphabet = Alphabet.of(artefacts)

    @staticmethod
    def fit(config: CtcConfig, clean: Texts, noisy: Callable[[], Texts]) -> Artefacts:
        """The alphabet of what is to be read: the clean training texts, or those with noise."""
        return Alphabet.fit(clean if config.target == "clean" else noisy(), config.min_count)

    def targets(self, clean: Callable[[], Texts], shown: Texts) -> Readings:
        """What should be read.

        Args:
            clean: gives the texts without their noise, normalised.
            shown: as the model is given them.
        """
        return self.alphabet.encode(shown if self.config.target == "drawn" else clean())

    def loss(self, logits: Ragged, readings: Readings) -> tuple[Tensor, Tensor]:
        """Per letter of each text, added up over the texts (not averaged), times the weight.

        A text without a letter counts as if it had one; a text that makes fewer steps than its
        reading requires has no loss.

        Args:
            logits: [M, A], of the reading head.

        Returns:
            Scalars float32: the loss, and how many texts have none for want of steps.
        """
        lengths_B = to_device(readings.lengths, logits.values.device).clamp(min=1)
        loss = (ctc_loss(logits, readings) / lengths_B).sum() * self.config.weight
        infeasible = required_steps(readings) > logits.lengths
        return loss, torch.full((), float(infeasible.sum()), device=loss.device)
