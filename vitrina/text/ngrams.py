"""Hashed character n-grams of texts in columns.

As in fastText (Bojanowski et al. 2017, "Enriching word vectors with subword information"; Joulin
et al. 2017, "Bag of tricks for efficient text classification"), a word is what white
space separates, it is marked at its beginning and its end, and n-grams do not leave it. Two things
differ: the marks are no characters, so that no text can imitate them, and code points are hashed
instead of the bytes of UTF-8.

The hash is a polynomial of the code points, modulo 2^64, with SplitMix64's finalizer behind it.
A polynomial grows by one term where an n-gram grows by one character, so all n-grams of all
texts take `max_n` additions of arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from vitrina.text.batch import NUM_CODE_POINTS, TextBatch, offsets_of, ranges
from vitrina.text.hashing import GOLDEN, mix

BEGIN, END = NUM_CODE_POINTS, NUM_CODE_POINTS + 1
"""Marks of a word's beginning and end, beyond all characters."""

BASE = 0xD6E8FEB86659FD93
"""Where the polynomial is evaluated: odd, so that no term vanishes; its bits are half ones."""

WHOLE_WORD = 0
"""Stands for the length where a whole word is hashed: it is no n-gram, also where it is short."""


@dataclass(frozen=True)
class MarkedWords:
    """The words of texts on one line, each between its marks.

    Attributes:
        line: uint64 [num_places], symbols (code points, visual codes) and marks.
        offsets: int64 [num_words + 1]; word `i` is `line[offsets[i]:offsets[i + 1]]`.
        text_offsets: int64 [num_texts + 1], the places at which the words of each text begin.
        places: int64 [num_symbols], index of each symbol on the line.
    """

    line: np.ndarray
    offsets: np.ndarray
    text_offsets: np.ndarray
    places: np.ndarray

    @classmethod
    def of(
        cls, symbols: np.ndarray, words: np.ndarray, text_of: np.ndarray, num_texts: int
    ) -> MarkedWords:
        """Put marks around words.

        Args:
            symbols: integers below `BEGIN`, [num_symbols].
            words: numbers of the symbols' words, ascending.
            text_of: numbers of their texts, ascending; no word is in two.
        """
        begins = np.ones(len(symbols), dtype=bool)  # whether a word begins here
        begins[1:] = words[1:] != words[:-1]
        word_of = np.cumsum(begins) - 1
        offsets = offsets_of(np.bincount(word_of) + 2 if len(symbols) else [])
        places = np.arange(len(symbols)) + 2 * word_of + 1
        line = np.empty(offsets[-1], dtype=np.uint64)
        line[places] = symbols
        line[offsets[:-1]] = BEGIN
        line[offsets[1:] - 1] = END
        first_words = np.searchsorted(text_of[begins], np.arange(num_texts + 1))
        return cls(line, offsets, offsets[first_words], places)

    def places_in_words(self) -> np.ndarray:
        """int64 [num_places], counted from the mark of each word's beginning."""
        lengths = np.diff(self.offsets)
        return ranges(np.zeros(len(lengths), dtype=np.int64), lengths)


@cache
def _white_space() -> np.ndarray:
    """bool [0x110000]: where words end; all white space is at or below U+3000."""
    white = np.zeros(NUM_CODE_POINTS, dtype=bool)
    white[: 0x3000 + 1] = [chr(code).isspace() for code in range(0x3000 + 1)]
    return white


def mark_words(texts: TextBatch) -> MarkedWords:
    """Split texts at white space and put marks around the words."""
    white = _white_space()[texts.code_points]
    filled = np.flatnonzero(~white)
    text_of = np.searchsorted(texts.offsets, filled, side="right") - 1
    words = np.cumsum(white)[filled] + text_of  # grows with white space and with texts
    return MarkedWords.of(texts.code_points[filled], words, text_of, len(texts))


def hash_ngrams(
    texts: TextBatch, min_n: int, max_n: int, *, whole_words: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The n-grams of `min_n` to `max_n` characters of each word with its marks.

    A mark alone is not an n-gram.

    Args:
        whole_words: whether each word is hashed as a whole, too.

    Returns:
        uint64 [num_ngrams], from the first character of each text to its last, of those that
        begin at the same one a whole word first, then from the shortest to the longest; and int64
        [num_texts], n-grams of each text, 0 where there is none.
    """
    words = mark_words(texts)
    hashes, present = hash_places(words, min_n, max_n, whole_words=whole_words)
    counts = offsets_of(present.sum(axis=1))
    return hashes[present], np.diff(counts[words.text_offsets])


def hash_places(
    words: MarkedWords, min_n: int, max_n: int, *, whole_words: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The n-grams that begin at each place of the line, see `hash_ngrams`.

    Returns:
        uint64 [num_places, M], first the whole word, if asked for, then from the shortest to the
        longest, and bool of the same shape, whether there is one.
    """
    line, lengths = words.line, np.diff(words.offsets)
    places = words.places_in_words()
    left = np.repeat(lengths, lengths) - places
    columns, present = [], []
    if whole_words:
        columns.append(_hash_words(words, places))
        present.append(places == 0)
    sums = np.zeros(len(line), dtype=np.uint64)
    for n in range(1, max_n + 1):
        sums[: max(len(line) - n + 1, 0)] += line[n - 1 :] * _power(n - 1)
        if n >= min_n:
            columns.append(_finish(sums, n))
            present.append((left >= n) if n > 1 else (left > 1) & (places > 0))
    return np.stack(columns, axis=1), np.stack(present, axis=1)


def _hash_words(words: MarkedWords, places: np.ndarray) -> np.ndarray:
    """uint64 [num_places]: at the first place of each word the hash of the word."""
    hashed = np.zeros(len(words.line), dtype=np.uint64)
    if len(words.line):
        powers = np.full(int(places.max()) + 1, BASE, dtype=np.uint64)
        powers[0] = 1
        terms = words.line * np.cumprod(powers)[places]
        begins = words.offsets[:-1]
        hashed[begins] = _finish(np.add.reduceat(terms, begins), WHOLE_WORD)
    return hashed


def _finish(sums: np.ndarray, n: int) -> np.ndarray:
    """Hashes of polynomials `sums` of `n` terms."""
    return mix(sums + np.uint64(n * GOLDEN % 2**64))


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(BASE, exponent, 2**64))
