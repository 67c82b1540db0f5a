"""Index of the words of the training texts by their spellings with deleted or swapped letters.

Words are sequences of visual codes. One hash table has the spellings with one or two letters
deleted (symmetric deletion: Garbe 2012, SymSpell). The other has the sorted letters (anagram
hashing: Reynaert 2010, "Character confusion versus focus word-based correction of spelling and OCR
variants in corpora").

Shapes: N letters of all words, W words, K known words, C pairs of a word and a known word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.state import FittedState
from vitrina.text.batch import offsets_of, ranges
from vitrina.text.ngrams import BASE, MarkedWords

MIN_LENGTH, MAX_LENGTH = 3, 24
"""Lengths of words that can be corrected; shorter ones match too many known words."""
MAX_KNOWN_WORDS = 1 << 16
"""Known words; the table of their spellings takes about 600 bytes each."""

_INVERSE, _INVERSE_SQUARED = (np.uint64(pow(BASE, -n, 2**64)) for n in (1, 2))


def fit_deletion_index(words: MarkedWords, is_letter: np.ndarray) -> FittedState:
    """Count the most frequent distinct words of at most `MAX_LENGTH` codes, all of them letters.

    Args:
        words: words of codes.
        is_letter: bool, per code.

    Returns:
        `codes` int16, letters of all known words, sorted by their hashes; `lengths` int16 [K];
        `counts` int32 [K].
    """
    codes = words.line[words.places].astype(np.int64)
    lengths = np.diff(words.offsets) - 2
    offsets = offsets_of(lengths)
    possible = (lengths >= 1) & (lengths <= MAX_LENGTH)
    if len(lengths):
        possible &= np.logical_and.reduceat(is_letter[codes], offsets[:-1])
    chosen = np.flatnonzero(possible)
    hashes = hashes_of(codes, offsets)[chosen]
    _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MAX_KNOWN_WORDS])
    kept, counts = chosen[first[frequent]], counts[frequent]
    arrays = {
        "codes": codes[ranges(offsets[kept], lengths[kept])].astype(np.int16),
        "lengths": lengths[kept].astype(np.int16),
        "counts": counts.astype(np.int32),
    }
    return FittedState(arrays)


class DeletionIndex:
    """Looks up known words by their spellings with deleted or swapped letters.

    Args:
        fitted: the result of `fit_deletion_index`.

    Attributes:
        lengths: int64 [K], number of letters of each known word.
        counts: int64 [K], number of occurrences of each known word.
        hashes: uint64 [K], sorted hashes of the known words (`hashes_of`).
    """

    def __init__(self, fitted: FittedState) -> None:
        self._codes = fitted.arrays["codes"].astype(np.int64)
        self.lengths = fitted.arrays["lengths"].astype(np.int64)
        self._offsets = offsets_of(self.lengths)
        self.counts = fitted.arrays["counts"].astype(np.int64)
        self.hashes = hashes_of(self._codes, self._offsets)
        self._shortened = _HashTable.of(*_without_letters(self._codes, self._offsets, self.hashes))
        ordered = hashes_of(sort_letters(self._codes, self._offsets), self._offsets)
        self._anagrams = _HashTable.of(ordered, np.arange(len(self.lengths)))

    def find(self, hashes: np.ndarray) -> np.ndarray:
        """Return int64 [W], index of the known word with each hash (`hashes_of`), or -1."""
        if not len(self.hashes):
            return np.full(len(hashes), -1)
        at = np.searchsorted(self.hashes, hashes).clip(max=len(self.hashes) - 1)
        return np.where(self.hashes[at] == hashes, at, -1)

    def knows(self, hashes: np.ndarray) -> np.ndarray:
        """Return bool [W], whether words with these hashes (`hashes_of`) are known."""
        return self.find(hashes) >= 0

    def with_missing(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pairs [C]: an index into `hashes`, a known word with one or two letters more."""
        return self._shortened.find(hashes)

    def with_same_letters(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pairs [C]: an index into `hashes` (of sorted letters), a known anagram."""
        return self._anagrams.find(hashes)

    def letters(self, known: np.ndarray) -> np.ndarray:
        """Return the concatenated codes of these known words."""
        return self._codes[ranges(self._offsets[known], self.lengths[known])]

    def letters_at(self, known: np.ndarray, positions_CL: np.ndarray) -> np.ndarray:
        """Return codes [C, L] at these positions of known words, -1 past their ends."""
        inside = positions_CL < self.lengths[known, None]
        at = np.where(inside, self._offsets[known, None] + positions_CL, 0)
        return np.where(inside, self._codes[at], -1) if len(self._codes) else np.full(at.shape, -1)


@dataclass(frozen=True)
class _HashTable:
    """Sorted hashes with their known words."""

    hashes: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, hashes: np.ndarray, known: np.ndarray) -> _HashTable:
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], known[order])

    def find(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return all pairs of an index into `hashes` and a known word with that hash."""
        first = np.searchsorted(self.hashes, hashes)
        counts = np.searchsorted(self.hashes, hashes, side="right") - first
        return np.repeat(np.arange(len(hashes)), counts), self.known[ranges(first, counts)]


def _terms(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return uint64 [N], the term of each letter in the polynomial hash of its word."""
    lengths = np.diff(offsets)
    powers = np.full(int(lengths.max(initial=0)) + 1, BASE, dtype=np.uint64)
    powers[0] = 1
    in_word = ranges(np.zeros(len(lengths), dtype=np.int64), lengths)
    return (codes + 1).astype(np.uint64) * np.cumprod(powers)[in_word]


def hashes_of(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return uint64 [W], the hash of each word; no word may be empty."""
    if len(offsets) < 2:
        return np.zeros(0, dtype=np.uint64)
    return np.add.reduceat(_terms(codes, offsets), offsets[:-1])


def sort_letters(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return the letters with those of each word sorted by code."""
    word_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return codes[np.lexsort((codes, word_of))]


def _without_letters(
    codes: np.ndarray, offsets: np.ndarray, whole: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of words with one or two letters deleted, and the indices of the words.

    A deletion shifts the following letters by one: their terms are divided by the base, which is
    odd and thus invertible modulo 2^64.

    Args:
        whole: hashes of the words.
    """
    lengths = np.diff(offsets)
    word_of, length_of = (np.repeat(each, lengths) for each in (np.arange(len(lengths)), lengths))
    terms = _terms(codes, offsets)
    up_to = np.cumsum(terms)  # made a prefix sum per word by the next line
    up_to -= np.repeat(up_to[offsets[:-1]] - terms[offsets[:-1]], lengths)
    before, after = up_to - terms, np.repeat(whole, lengths) - up_to
    deleted = np.flatnonzero(length_of > MIN_LENGTH)
    hashes, known = [(before + after * _INVERSE)[deleted]], [word_of[deleted]]
    for distance in range(1, int(lengths.max(initial=1))):
        first = np.flatnonzero(
            (word_of[distance:] == word_of[:-distance]) & (length_of[distance:] > MIN_LENGTH + 1)
        )
        second = first + distance
        between = before[second] - up_to[first]
        hashes.append(before[first] + between * _INVERSE + after[second] * _INVERSE_SQUARED)
        known.append(word_of[first])
    return np.concatenate(hashes), np.concatenate(known)
