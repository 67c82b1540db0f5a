"""Hashed character n-grams of columnar texts.

As in fastText (Bojanowski et al. 2017, "Enriching word vectors with subword information"; Joulin
et al. 2017, "Bag of tricks for efficient text classification"), words are separated by white space
and have a mark at both ends, and n-grams do not cross words. Two things differ: the marks are not
characters, so no text can imitate them, and the hash uses code points instead of UTF-8 bytes.

The hash is a polynomial of the code points modulo 2^64, then the finalizer of SplitMix64. One more
character adds one term, so all n-grams of all texts take `max_n` array additions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from vitrina.text.batch import NUM_CODE_POINTS, TextBatch, offsets_of, ranges
from vitrina.text.dictionary import UNSEEN
from vitrina.text.hashing import GOLDEN, mix

BEGIN, END = NUM_CODE_POINTS, NUM_CODE_POINTS + 1
"""Marks of the beginning and the end of a word, above all code points."""

BASE = 0xD6E8FEB86659FD93
"""The argument of the polynomial: odd, so that no term vanishes; half of its bits are ones."""

WHOLE_WORD = 0
"""The length term of a whole word, so that a short word and an n-gram have different hashes."""


@dataclass(frozen=True)
class MarkedWords:
    """The words of texts in one array, each between its marks.

    Attributes:
        line: uint64 [num_places], symbols (code points, visual codes) and marks.
        offsets: int64 [num_words + 1]; word `i` is `line[offsets[i]:offsets[i + 1]]`.
        text_offsets: int64 [num_texts + 1]; the words of text `i` start at `text_offsets[i]`.
        places: int64 [num_symbols], index of each symbol in `line`.
    """

    line: np.ndarray
    offsets: np.ndarray
    text_offsets: np.ndarray
    places: np.ndarray

    @classmethod
    def of(
        cls, symbols: np.ndarray, words: np.ndarray, text_of: np.ndarray, num_texts: int
    ) -> MarkedWords:
        """Add marks around words.

        Args:
            symbols: integers [num_symbols] below `BEGIN`.
            words: [num_symbols], the word index of each symbol, ascending.
            text_of: [num_symbols], the text index of each symbol, ascending.
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
        """Return int64 [num_places]: the position in the word; the first mark is 0."""
        lengths = np.diff(self.offsets)
        return ranges(np.zeros(len(lengths), dtype=np.int64), lengths)


@cache
def _white_space() -> np.ndarray:
    """Return bool [0x110000]; no white space is above U+3000."""
    white = np.zeros(NUM_CODE_POINTS, dtype=bool)
    white[: 0x3000 + 1] = [chr(code).isspace() for code in range(0x3000 + 1)]
    return white


def mark_words(texts: TextBatch) -> MarkedWords:
    """Split texts at white space and add marks around the words."""
    white = _white_space()[texts.code_points]
    filled = np.flatnonzero(~white)
    text_of = np.searchsorted(texts.offsets, filled, side="right") - 1
    words = np.cumsum(white)[filled] + text_of  # increases at white space and at text borders
    return MarkedWords.of(texts.code_points[filled], words, text_of, len(texts))


def hash_ngrams(
    texts: TextBatch,
    min_n: int,
    max_n: int,
    *,
    whole_words: bool,
    lemmas_W: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Hash the n-grams of `min_n` to `max_n` symbols of each word; marks count as symbols.

    A mark alone is not an n-gram.

    Args:
        whole_words: also hash each word as a whole.
        lemmas_W: see `with_lemmas`; None: no word is known.

    Returns:
        uint64 [num_ngrams], ordered by text and start position; at one position the whole word
        comes first, then n-grams by length. And int64 [num_texts], the number of n-grams per text.
    """
    words = mark_words(texts)
    hashes, present = hash_places(words, min_n, max_n, whole_words=whole_words)
    if lemmas_W is not None:
        hashes, present = with_lemmas(words, hashes, present, lemmas_W, whole_words=whole_words)
    counts = offsets_of(present.sum(axis=1))
    return hashes[present], np.diff(counts[words.text_offsets])


def hash_places(
    words: MarkedWords, min_n: int, max_n: int, *, whole_words: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Hash the n-grams that start at each place of `words.line`; see `hash_ngrams`.

    Returns:
        uint64 [num_places, M]: the whole word if `whole_words`, then n-grams by length. And bool
        of the same shape: whether the n-gram exists.
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


def with_lemmas(
    words: MarkedWords,
    hashes: np.ndarray,
    present: np.ndarray,
    lemmas_W: np.ndarray,
    *,
    whole_words: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Put the lemma of each known word in place of the n-grams inside it.

    Args:
        hashes, present: the result of `hash_places` with the same `whole_words`.
        lemmas_W: uint64 [num_words], hash of the lemma of each word; 0: not known; `UNSEEN`: one
            that no training comment holds, of which the word itself is not hashed either.

    Returns:
        The same arrays with one column more, the lemma, before all others.
    """
    known_W, begins = lemmas_W != 0, words.offsets[:-1]
    inside = np.repeat(known_W, np.diff(words.offsets))
    lemmas, has_lemma = np.zeros(len(words.line), np.uint64), np.zeros(len(words.line), bool)
    lemmas[begins], has_lemma[begins] = lemmas_W, known_W
    kept = present & ~inside[:, None]
    if whole_words:
        unseen = np.repeat(lemmas_W == UNSEEN, np.diff(words.offsets))
        kept[:, 0] = present[:, 0] & ~unseen
    return np.column_stack([lemmas, hashes]), np.column_stack([has_lemma, kept])


def _hash_words(words: MarkedWords, places: np.ndarray) -> np.ndarray:
    """Return uint64 [num_places]: the hash of each word at its first place, 0 elsewhere."""
    hashed = np.zeros(len(words.line), dtype=np.uint64)
    if len(words.line):
        powers = np.full(int(places.max()) + 1, BASE, dtype=np.uint64)
        powers[0] = 1
        terms = words.line * np.cumprod(powers)[places]
        begins = words.offsets[:-1]
        hashed[begins] = _finish(np.add.reduceat(terms, begins), WHOLE_WORD)
    return hashed


def _finish(sums: np.ndarray, n: int) -> np.ndarray:
    """Hash polynomials of `n` terms."""
    return mix(sums + np.uint64(n * GOLDEN % 2**64))


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(BASE, exponent, 2**64))
