"""What is asked of a reading head: its targets and its loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vitrina.models.layers.ragged import Ragged, to_device
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.tasks.ocr.alphabet import SymbolBatch
from vitrina.tasks.ocr.config import CtcConfig
from vitrina.tasks.ocr.ctc import ctc_loss, required_steps
from vitrina.tasks.ocr.symbols import Symbols, fit_symbols, symbols_of
from vitrina.text.batch import TextBatch


class Recognition:
    """Reads a text symbol by symbol, letters or word pieces.

    Args:
        config: the option's values.
        artefacts: what `fit` gave: the symbols.
    """

    def __init__(self, config: CtcConfig, fitted: FittedState) -> None:
        self.config = config
        self.symbols: Symbols = symbols_of(fitted)

    @staticmethod
    def fit(config: CtcConfig, corpus: Corpus) -> FittedState:
        """Fit the symbols of the clean training texts, or of those with noise."""
        return fit_symbols(config, corpus.noisy() if config.recognizes_noise else corpus.clean)

    def targets(self, clean: Callable[[], TextBatch], shown: TextBatch) -> SymbolBatch:
        """What should be read.

        Args:
            clean: gives the texts without their noise, normalised.
            shown: as the model is given them.
        """
        return self.symbols.encode(shown if self.config.recognizes_noise else clean())

    def loss(self, logits: Ragged, readings: SymbolBatch) -> tuple[Tensor, Tensor]:
        """Per symbol of each text, added up over the texts (not averaged), times the weight.

        A text without a symbol counts as if it had one; a text that makes fewer steps than its
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
