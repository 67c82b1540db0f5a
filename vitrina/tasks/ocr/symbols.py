"""Symbols of the CTC head: letters or word pieces."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from vitrina.state import FittedState
from vitrina.tasks.ocr.alphabet import Alphabet, SymbolBatch
from vitrina.tasks.ocr.config import CtcConfig
from vitrina.tasks.ocr.pieces import Pieces
from vitrina.text.batch import TextBatch


class Symbols(Protocol):
    """Converts texts to symbols and back; symbol 0 is the CTC blank, 1 is unknown."""

    @property
    def num_symbols(self) -> int:
        """Number of symbols, including blank and unknown."""
        ...

    def encode(self, texts: TextBatch) -> SymbolBatch:
        """Convert texts to symbols."""
        ...

    def decode(self, readings: SymbolBatch) -> TextBatch:
        """Convert symbols to texts."""
        ...

    def num_letters(self, readings: SymbolBatch) -> np.ndarray:
        """Return int64 [num_symbols], the number of letters that each symbol decodes to."""
        ...

    def readable(self, texts: TextBatch) -> TextBatch:
        """Return the texts as recognized without errors."""
        ...


def fit_symbols(config: CtcConfig, texts: TextBatch) -> FittedState:
    """Fit the symbols on the texts to recognize."""
    if config.units == "letters":
        return Alphabet.fit(texts, config.min_count)
    return Pieces.fit(texts, config.vocabulary_size, config.min_count)


def build_symbols(fitted: FittedState) -> Symbols:
    """Build the symbols from the state of `fit_symbols`."""
    if "characters" in fitted.texts:
        return Alphabet(fitted.texts["characters"])
    return Pieces(fitted.texts["tokenizer"])
