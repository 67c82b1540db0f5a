"""The letters a model can read, and texts as numbers of letters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.errors import InputError
from vitrina.glyphs.segmentation import BLANK as WHITE
from vitrina.glyphs.segmentation import INVISIBLE, kind_of
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch, offsets_of, take_ragged

BLANK = 0
"""The symbol of CTC that says nothing."""

UNKNOWN = 1
"""The symbol of every character that is not of the alphabet."""

UNKNOWN_CHARACTER = "\ufffd"


@dataclass(frozen=True)
class SymbolBatch:
    """What should be read of each text of a batch, ragged.

    Attributes:
        ids: int64 [num_symbols], none of them blank.
        offsets: int64 [num_texts + 1].
    """

    ids: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """int64 [num_texts], in symbols."""
        return np.diff(self.offsets)

    def take(self, indices: np.ndarray) -> SymbolBatch:
        """Those of the texts at `indices`, in that order."""
        return SymbolBatch(*take_ragged(self.ids, self.offsets, indices))


class Alphabet:
    """Symbols of reading: 0 is CTC's blank, 1 any other character, then the characters.

    White space of every kind is one space, and what draws nothing is no letter.

    Args:
        characters: distinct, in any order.
    """

    def __init__(self, characters: str) -> None:
        codes = TextBatch.from_strings([characters]).code_points.astype(np.int64)
        self.codes = np.sort(codes)
        """int64 [num_symbols - 2], rising: the code point of each symbol from 2 on."""
        assert len(np.unique(codes)) == len(codes) > 0

    @staticmethod
    def fit(texts: TextBatch, min_count: int) -> FittedState:
        """The characters that occur at least `min_count` times in the training texts.

        Raises:
            InputError: if none does.
        """
        letters = as_letters(texts)
        codes, counts = np.unique(letters.code_points, return_counts=True)
        kept = codes[(counts >= min_count) & (codes != ord(UNKNOWN_CHARACTER))]
        if len(kept) == 0:
            raise InputError(
                f"ocr.min_count = {min_count}: no character occurs so often in the training texts"
            )
        return FittedState(texts={"characters": "".join(map(chr, kept.tolist()))})

    @property
    def num_symbols(self) -> int:
        """Blank and unknown among them."""
        return len(self.codes) + 2

    def encode(self, texts: TextBatch) -> SymbolBatch:
        """The letters of texts as symbols."""
        letters = as_letters(texts)
        codes = letters.code_points.astype(np.int64)
        place = np.searchsorted(self.codes, codes).clip(max=len(self.codes) - 1)
        return SymbolBatch(
            np.where(self.codes[place] == codes, place + 2, UNKNOWN), letters.offsets
        )

    def decode(self, readings: SymbolBatch) -> TextBatch:
        """Symbols as texts; what is unknown becomes U+FFFD."""
        table = np.concatenate([[0, ord(UNKNOWN_CHARACTER)], self.codes]).astype(np.uint32)
        return TextBatch(table[readings.ids], readings.offsets)

    def letters_of(self, readings: SymbolBatch) -> np.ndarray:
        """int64 [num_symbols]: letters that each symbol says, one."""
        return np.ones(len(readings.ids), dtype=np.int64)

    def readable(self, texts: TextBatch) -> TextBatch:
        """Texts as a reading without a mistake says them; characters beyond the alphabet stay."""
        return as_letters(texts)


def as_letters(texts: TextBatch) -> TextBatch:
    """Texts with what is drawn alike made alike: one kind of space, nothing invisible."""
    distinct, which = np.unique(texts.code_points, return_inverse=True)
    kinds = np.array([kind_of(int(code)) for code in distinct], dtype=np.int8)
    becomes = np.where(kinds == WHITE, np.uint32(ord(" ")), distinct)
    drawn = kinds[which] != INVISIBLE
    before = np.concatenate([[0], np.cumsum(drawn)])
    lengths = np.diff(before[texts.offsets])
    return TextBatch(becomes[which[drawn]].astype(np.uint32), offsets_of(lengths))
