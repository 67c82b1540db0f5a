"""Words of texts, in columns, each with the flag that noise treats it by.

A word is a maximal run of letters, digits and combining marks (Unicode categories L, N and M),
joined by apostrophes that stand between two of them («об'єкт», "don't"). A hyphen or an underscore
ends a word: «какой-то» is two.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np

from vitrina.text.batch import TextBatch, offsets_of, pieces, ranges

APOSTROPHES = "'`ʼ’"
NUM_CODE_POINTS = 0x110000


@dataclass(frozen=True)
class Words:
    """Words of texts, ragged.

    Attributes:
        starts: int32 [num_words], first code point of each word, counted from its text's start.
        ends: int32 [num_words], one behind its last code point.
        offsets: int64 [num_texts + 1]; text `i` has the words `offsets[i]` to `offsets[i + 1]`.
        toxic: bool [num_words], what the lexicon says; all False until it was asked.
    """

    starts: np.ndarray
    ends: np.ndarray
    offsets: np.ndarray
    toxic: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def counts(self) -> np.ndarray:
        """int64 [num_texts], the number of words of each text."""
        return np.diff(self.offsets)

    def take(self, indices: np.ndarray) -> Words:
        """The words of the texts at `indices`, in that order; `TextBatch.take` for words."""
        indices = np.asarray(indices, dtype=np.int64)
        first, counts = self.offsets[indices], self.offsets[indices + 1] - self.offsets[indices]
        taken = ranges(first, counts)
        return Words(self.starts[taken], self.ends[taken], offsets_of(counts), self.toxic[taken])

    def part(self, start: int, stop: int) -> Words:
        """The words of the texts from `start` to `stop`; shares the arrays."""
        offsets = self.offsets[start : stop + 1]
        here = slice(offsets[0], offsets[-1])
        return Words(self.starts[here], self.ends[here], offsets - offsets[0], self.toxic[here])

    def text_indices(self) -> np.ndarray:
        """int64 [num_words], the text of each word."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)


@cache
def _character_classes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """bool [0x110000] thrice: code points that build words, letters and marks among them."""
    first = [unicodedata.category(chr(code))[0] for code in range(NUM_CODE_POINTS)]
    kinds = np.array(first, dtype="U1")
    letters, marks = kinds == "L", kinds == "M"
    return letters | (kinds == "N") | marks, letters, marks


def is_letter(code_points: np.ndarray) -> np.ndarray:
    """bool, of the shape of `code_points`: where a letter stands (Unicode category L)."""
    return _character_classes()[1][code_points]


def is_mark(code_points: np.ndarray) -> np.ndarray:
    """bool, of the shape of `code_points`: where a combining mark stands (category M)."""
    return _character_classes()[2][code_points]


def find_words(texts: TextBatch) -> Words:
    """The words of all texts, not yet marked as toxic."""
    found = [_find_words(texts.part(*piece)) for piece in pieces(texts.offsets)]
    offsets = offsets_of(np.concatenate([words.counts for words in found]))
    starts = np.concatenate([words.starts for words in found])
    ends = np.concatenate([words.ends for words in found])
    return Words(starts, ends, offsets, np.zeros(len(starts), dtype=bool))


def _find_words(texts: TextBatch) -> Words:
    """The words of texts that are few enough to be worked on together."""
    code_points, offsets = texts.code_points, texts.offsets
    inside = _character_classes()[0][code_points]  # [num_code_points]
    first_of_text = np.zeros(len(code_points) + 1, dtype=bool)
    first_of_text[offsets] = True
    joins = np.isin(code_points, [ord(character) for character in APOSTROPHES])
    if joins.any():
        between = np.zeros_like(joins)
        between[1:-1] = joins[1:-1] & inside[:-2] & inside[2:]
        between[1:] &= ~first_of_text[1:-1]
        between &= ~first_of_text[1:]
        inside = inside | between
    goes_on = np.zeros(len(code_points) + 1, dtype=bool)  # [i]: i - 1 and i are of one word
    goes_on[1:-1] = inside[1:] & inside[:-1] & ~first_of_text[1:-1]
    starts = np.flatnonzero(inside & ~goes_on[:-1])
    ends = np.flatnonzero(inside & ~goes_on[1:]) + 1
    word_offsets = np.searchsorted(starts, offsets)
    text_start = np.repeat(offsets[:-1], np.diff(word_offsets))
    return Words(
        (starts - text_start).astype(np.int32),
        (ends - text_start).astype(np.int32),
        word_offsets.astype(np.int64),
        np.zeros(len(starts), dtype=bool),
    )


def word_texts(texts: TextBatch, words: Words) -> TextBatch:
    """Each word as a text of its own."""
    first = texts.offsets[words.text_indices()]
    lengths = words.ends - words.starts
    code_points = texts.code_points[ranges(first + words.starts, lengths)]
    return TextBatch(code_points, offsets_of(lengths))
