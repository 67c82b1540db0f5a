"""What reading says at each step: letters, or word pieces."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from vitrina.models.artefacts import Artefacts
from vitrina.ocr.alphabet import Alphabet, Readings
from vitrina.ocr.config import CtcConfig
from vitrina.text.columns import Texts


class Symbols(Protocol):
    """The symbols of reading, CTC's blank the first and what is unknown the second of them."""

    @property
    def num_symbols(self) -> int:
        """Blank and unknown among them."""
        ...

    def encode(self, texts: Texts) -> Readings:
        """Texts as symbols."""
        ...

    def decode(self, readings: Readings) -> Texts:
        """Symbols as texts."""
        ...

    def letters_of(self, readings: Readings) -> np.ndarray:
        """int64 [num_symbols]: letters of the decoded texts that each symbol says."""
        ...

    def readable(self, texts: Texts) -> Texts:
        """Texts as a reading without a mistake says them."""
        ...


def fit_symbols(config: CtcConfig, texts: Texts) -> Artefacts:
    """The symbols of the texts that are to be read."""
    if config.units == "letters":
        return Alphabet.fit(texts, config.min_count)
    from vitrina.ocr.pieces import Pieces

    return Pieces.fit(texts, config.vocabulary_size, config.min_count)


def symbols_of(artefacts: Artefacts) -> Symbols:
    """Those that `fit_symbols` gave."""
    if "characters" in artefacts.texts:
        return Alphabet(artefacts.texts["characters"])
    from vitrina.ocr.pieces import Pieces

    return Pieces(artefacts.texts["tokenizer"])
