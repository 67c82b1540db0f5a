"""Targets and loss of the CTC head."""

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
from vitrina.tasks.ocr.symbols import Symbols, build_symbols, fit_symbols
from vitrina.text.batch import TextBatch


class Recognition:
    """Task of the CTC head: recognize the letters or word pieces of a text.

    Args:
        config: settings of the group `ocr`.
        fitted: state from `fit`: the symbols.
    """

    def __init__(self, config: CtcConfig, fitted: FittedState) -> None:
        self.config = config
        self.symbols: Symbols = build_symbols(fitted)

    @staticmethod
    def fit(config: CtcConfig, corpus: Corpus) -> FittedState:
        """Fit the symbols on the clean or the noisy training texts."""
        return fit_symbols(config, corpus.noisy() if config.recognizes_noise else corpus.clean)

    def targets(self, clean: Callable[[], TextBatch], shown: TextBatch) -> SymbolBatch:
        """Return the symbols to recognize.

        Args:
            clean: returns the normalized texts without noise.
            shown: the texts that the model gets.
        """
        return self.symbols.encode(shown if self.config.recognizes_noise else clean())

    def loss(self, logits: Ragged, readings: SymbolBatch) -> tuple[Tensor, Tensor]:
        """Compute the CTC loss per symbol, summed over the texts (not averaged), times the weight.

        A text without symbols is divided by one. A text with fewer steps than its target requires
        has no loss.

        Args:
            logits: [M, A], output of the CTC head.

        Returns:
            float32 scalars: the loss, and the number of texts with too few steps.
        """
        lengths_B = to_device(readings.lengths, logits.values.device).clamp(min=1)
        loss = (ctc_loss(logits, readings) / lengths_B).sum() * self.config.weight
        infeasible = required_steps(readings) > logits.lengths
        return loss, torch.full((), float(infeasible.sum()), device=loss.device)
