"""What reading says at each step: letters, or word pieces."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from vitrina.state import FittedState
from vitrina.tasks.ocr.alphabet import Alphabet, SymbolBatch
from vitrina.tasks.ocr.config import CtcConfig
from vitrina.tasks.ocr.pieces import Pieces
from vitrina.text.batch import TextBatch


class Symbols(Protocol):
    """The symbols of reading, CTC's blank the first and what is unknown the second of them."""

    @property
    def num_symbols(self) -> int:
        """Blank and unknown among them."""
        ...

    def encode(self, texts: TextBatch) -> SymbolBatch:
        """Texts as symbols."""
        ...

    def decode(self, readings: SymbolBatch) -> TextBatch:
        """Symbols as texts."""
        ...

    def letters_of(self, readings: SymbolBatch) -> np.ndarray:
        """int64 [num_symbols]: letters of the decoded texts that each symbol says."""
        ...

    def readable(self, texts: TextBatch) -> TextBatch:
        """Texts as a reading without a mistake says them."""
        ...


def fit_symbols(config: CtcConfig, texts: TextBatch) -> FittedState:
    """The symbols of the texts that are to be read."""
    if config.units == "letters":
        return Alphabet.fit(texts, config.min_count)
    return Pieces.fit(texts, config.vocabulary_size, config.min_count)


def symbols_of(fitted: FittedState) -> Symbols:
    """Those that `fit_symbols` gave."""
    if "characters" in fitted.texts:
        return Alphabet(fitted.texts["characters"])
    return Pieces(fitted.texts["tokenizer"])
