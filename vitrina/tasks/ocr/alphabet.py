"""Alphabet of a recognizer: converts texts to symbols and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.errors import InputError
from vitrina.glyphs.segmentation import BLANK as WHITE
from vitrina.glyphs.segmentation import INVISIBLE, kind_of
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch, offsets_of, take_ragged

BLANK = 0
"""Symbol of the CTC blank."""

UNKNOWN = 1
"""Symbol of every character outside the alphabet."""

UNKNOWN_CHARACTER = "\ufffd"


@dataclass(frozen=True)
class SymbolBatch:
    """Symbols of the texts of a batch, ragged.

    Attributes:
        ids: int64 [num_symbols], without blanks.
        offsets: int64 [num_texts + 1].
    """

    ids: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """int64 [num_texts], number of symbols of each text."""
        return np.diff(self.offsets)

    def take(self, indices: np.ndarray) -> SymbolBatch:
        """Return the symbols of the texts at `indices`, in that order."""
        return SymbolBatch(*take_ragged(self.ids, self.offsets, indices))


class Alphabet:
    """Characters as symbols: 0 is the CTC blank, 1 any unknown character, then the characters.

    All white space is one symbol; invisible characters have none.

    Args:
        characters: distinct characters, in any order.
    """

    def __init__(self, characters: str) -> None:
        codes = TextBatch.from_strings([characters]).code_points.astype(np.int64)
        self.codes = np.sort(codes)
        """int64 [num_symbols - 2], ascending: code points of the symbols from 2."""
        assert len(np.unique(codes)) == len(codes) > 0

    @staticmethod
    def fit(texts: TextBatch, min_count: int) -> FittedState:
        """Return the characters that occur at least `min_count` times in the training texts.

        Raises:
            InputError: if there are none.
        """
        letters = as_letters(texts)
        codes, counts = np.unique(letters.code_points, return_counts=True)
        kept = codes[(counts >= min_count) & (codes != ord(UNKNOWN_CHARACTER))]
        if len(kept) == 0:
            raise InputError(
                f"ocr.min_count = {min_count}: no character occurs that often in the training texts"
            )
        return FittedState(texts={"characters": "".join(map(chr, kept.tolist()))})

    @property
    def num_symbols(self) -> int:
        return len(self.codes) + 2

    def encode(self, texts: TextBatch) -> SymbolBatch:
        letters = as_letters(texts)
        codes = letters.code_points.astype(np.int64)
        place = np.searchsorted(self.codes, codes).clip(max=len(self.codes) - 1)
        return SymbolBatch(
            np.where(self.codes[place] == codes, place + 2, UNKNOWN), letters.offsets
        )

    def decode(self, readings: SymbolBatch) -> TextBatch:
        """Convert symbols to texts; unknown characters become U+FFFD."""
        table = np.concatenate([[0, ord(UNKNOWN_CHARACTER)], self.codes]).astype(np.uint32)
        return TextBatch(table[readings.ids], readings.offsets)

    def num_letters(self, readings: SymbolBatch) -> np.ndarray:
        """Return int64 [num_symbols], the number of letters of each symbol: one."""
        return np.ones(len(readings.ids), dtype=np.int64)

    def readable(self, texts: TextBatch) -> TextBatch:
        """Return the texts as recognized without errors; unknown characters stay."""
        return as_letters(texts)


def as_letters(texts: TextBatch) -> TextBatch:
    """Replace all white space by spaces and remove invisible characters.

    >>> as_letters(TextBatch.from_strings(["a\\tb\\u200b"])).to_strings()
    ['a b']
    """
    distinct, which = np.unique(texts.code_points, return_inverse=True)
    kinds = np.array([kind_of(int(code)) for code in distinct], dtype=np.int8)
    becomes = np.where(kinds == WHITE, np.uint32(ord(" ")), distinct)
    drawn = kinds[which] != INVISIBLE
    before = np.concatenate([[0], np.cumsum(drawn)])
    lengths = np.diff(before[texts.offsets])
    return TextBatch(becomes[which[drawn]].astype(np.uint32), offsets_of(lengths))
