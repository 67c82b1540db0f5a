"""The words of the training texts, and what they look like with letters missing or exchanged.

Words are sequences of visual codes. One table holds their spellings without one and without two
letters (symmetric deletion: Garbe 2012, SymSpell), one their letters in the order of the codes
(anagram hashing: Reynaert 2010, "Character confusion versus focus word-based correction of spelling
and OCR variants in corpora"), so that the known words that a word may have been are looked up, not
searched for.

Shapes: N letters of all words, W words, K known words, C pairs of a word and a known one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.state import FittedState
from vitrina.text.batch import offsets_of, ranges
from vitrina.text.ngrams import BASE, MarkedWords

LEAST, LONGEST = 3, 24
"""Letters of a word that may be another: what is left of a shorter one could be too much."""
MOST_MISSING = 2
"""Letters that may be missing: of known words without three there are many more."""
MOST_KNOWN = 1 << 16
"""Known words; the table of their spellings takes some 600 bytes for each."""

_BACK, _TWICE_BACK = (np.uint64(pow(BASE, -n, 2**64)) for n in (1, 2))


def fit_deletion_index(words: MarkedWords, is_letter: np.ndarray) -> FittedState:
    """The distinct words of at most `LONGEST` letters and nothing else, the most frequent ones.

    Args:
        is_letter: bool, of each code.

    Returns:
        `codes` int16, letters of all known words; `lengths` int16 [K]; `counts` int32 [K].
    """
    codes = words.line[words.places].astype(np.int64)
    lengths = np.diff(words.offsets) - 2
    offsets = offsets_of(lengths)
    possible = (lengths >= 1) & (lengths <= LONGEST)
    if len(lengths):
        possible &= np.logical_and.reduceat(is_letter[codes], offsets[:-1])
    chosen = np.flatnonzero(possible)
    hashes = hashes_of(codes, offsets)[chosen]
    _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_KNOWN])
    kept, counts = chosen[first[frequent]], counts[frequent]
    arrays = {
        "codes": codes[ranges(offsets[kept], lengths[kept])].astype(np.int16),
        "lengths": lengths[kept].astype(np.int16),
        "counts": counts.astype(np.int32),
    }
    return FittedState(arrays)


class DeletionIndex:
    """The known words and the tables that find them.

    Args:
        fitted: what `fit_deletion_index` returned.

    Attributes:
        lengths: int64 [K], letters of each.
        log_p: float32 [K], logarithms of their shares of all words.
    """

    def __init__(self, fitted: FittedState) -> None:
        self._codes = fitted.arrays["codes"].astype(np.int64)
        self.lengths = fitted.arrays["lengths"].astype(np.int64)
        self._offsets = offsets_of(self.lengths)
        counts = fitted.arrays["counts"]
        self.log_p = np.log(counts / max(counts.sum(), 1)).astype(np.float32)
        whole = hashes_of(self._codes, self._offsets)
        self._known = np.sort(whole)
        self._shortened = _HashTable.of(*_without_letters(self._codes, self._offsets, whole))
        ordered = hashes_of(in_order(self._codes, self._offsets), self._offsets)
        self._anagrams = _HashTable.of(ordered, np.arange(len(self.lengths)))

    def knows(self, hashes: np.ndarray) -> np.ndarray:
        """Whether words with these `hashes_of` are known."""
        if not len(self._known):
            return np.zeros(len(hashes), dtype=bool)
        at = np.searchsorted(self._known, hashes).clip(max=len(self._known) - 1)
        return self._known[at] == hashes

    def with_missing(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs [C] of a word with one of these hashes, and a known one of which it is left where
        up to `MOST_MISSING` letters are taken away."""
        return self._shortened.find(hashes)

    def with_same_letters(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs [C] of a word whose letters `in_order` have one of these hashes, and a known one
        of the same letters."""
        return self._anagrams.find(hashes)

    def letters(self, known: np.ndarray) -> np.ndarray:
        """The codes of all letters of these words, one word behind the other."""
        return self._codes[ranges(self._offsets[known], self.lengths[known])]

    def letters_at(self, known: np.ndarray, places_CL: np.ndarray) -> np.ndarray:
        """Codes [C, L] at places of known words, -1 behind their ends."""
        inside = places_CL < self.lengths[known, None]
        at = np.where(inside, self._offsets[known, None] + places_CL, 0)
        return np.where(inside, self._codes[at], -1) if len(self._codes) else np.full(at.shape, -1)


@dataclass(frozen=True)
class _HashTable:
    """Hashes, rising, and the known words that they belong to."""

    hashes: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, hashes: np.ndarray, known: np.ndarray) -> _HashTable:
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], known[order])

    def find(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All pairs of an index into `hashes` and a known word that has this hash here."""
        first = np.searchsorted(self.hashes, hashes)
        counts = np.searchsorted(self.hashes, hashes, side="right") - first
        return np.repeat(np.arange(len(hashes)), counts), self.known[ranges(first, counts)]


def _terms(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """uint64 [N], what each letter adds to the hash of its word: a polynomial, as n-grams have."""
    lengths = np.diff(offsets)
    powers = np.full(int(lengths.max(initial=0)) + 1, BASE, dtype=np.uint64)
    powers[0] = 1
    in_word = ranges(np.zeros(len(lengths), dtype=np.int64), lengths)
    return (codes + 1).astype(np.uint64) * np.cumprod(powers)[in_word]


def hashes_of(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """uint64, a hash of each word [W]; no word is empty."""
    if len(offsets) < 2:
        return np.zeros(0, dtype=np.uint64)
    return np.add.reduceat(_terms(codes, offsets), offsets[:-1])


def in_order(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The letters of each word in the order of their codes."""
    word_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return codes[np.lexsort((codes, word_of))]


def _without_letters(
    codes: np.ndarray, offsets: np.ndarray, whole: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of words without one and without `MOST_MISSING` letters, and the words.

    What stands behind a letter that is left out moves one place up: its part of the polynomial is
    divided by the base, which has an inverse modulo 2^64 as it is odd.

    Args:
        whole: the hashes of the words.
    """
    lengths = np.diff(offsets)
    word_of, length_of = (np.repeat(each, lengths) for each in (np.arange(len(lengths)), lengths))
    terms = _terms(codes, offsets)
    up_to = np.cumsum(terms)  # of each word's own letters, once what stands before it is off
    up_to -= np.repeat(up_to[offsets[:-1]] - terms[offsets[:-1]], lengths)
    before, behind = up_to - terms, np.repeat(whole, lengths) - up_to
    left_out = np.flatnonzero(length_of > LEAST)
    hashes, known = [(before + behind * _BACK)[left_out]], [word_of[left_out]]
    for apart in range(1, int(lengths.max(initial=1))):
        first = np.flatnonzero(
            (word_of[apart:] == word_of[:-apart]) & (length_of[apart:] > LEAST + 1)
        )
        second = first + apart
        between = before[second] - up_to[first]
        hashes.append(before[first] + between * _BACK + behind[second] * _TWICE_BACK)
        known.append(word_of[first])
    return np.concatenate(hashes), np.concatenate(known)
