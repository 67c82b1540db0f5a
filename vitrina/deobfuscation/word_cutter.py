"""Cuts texts into words: at blanks, at signs (`день,ночь`, but not `су-ка`) and at numbers.

Pieces between signs or blanks are one word where that is more probable under the prior of words.

Shapes: N glyphs, K kept glyphs, P pieces, W words, B texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vitrina.deobfuscation.codebook import BLANK
from vitrina.deobfuscation.word_prior import WordPrior

MIN_SPACED_WORDS = 3
"""Adjacent one-letter words that are joined; plain Russian hardly ever has that many."""
MAX_PIECES = 4
"""Adjacent words that may be one word (`бл я ть`)."""
MIN_GAIN = 1.0
"""Minimum gain, in nats, of joining words."""
MIN_DIGITS, MAX_UNIT = 2, 2
"""Digits at the edge of a word that are a number of their own (`12часов`); a number may have one
digit if it begins a word with this many letters (`5ч`, `2го`, but not `4асов`)."""
SEPARATORS = frozenset(".,:;!?…()[]{}<>\"'«»„“”‘’-‐‑–—/\\&+")
"""Signs that may separate words."""


@dataclass(frozen=True)
class CutWords:
    """The glyphs of texts, cut into words.

    Attributes:
        codes: int64 [N], visual code of each glyph by itself.
        word_of: int64 [N], word index of each glyph, non-decreasing over kept glyphs.
        kept: bool [N], whether a glyph is a letter of its word.
        digit, separator: bool [N], whether a glyph is a digit, and one of `SEPARATORS`.
        lengths: int64 [B], number of glyphs of each text.
    """

    codes: np.ndarray
    word_of: np.ndarray
    kept: np.ndarray
    digit: np.ndarray
    separator: np.ndarray
    lengths: np.ndarray

    @classmethod
    def join(cls, parts: Sequence[CutWords]) -> CutWords:
        """Return the words of all parts."""
        shifts = np.cumsum([0, *(part.word_of.max(initial=-1) + 1 for part in parts[:-1])])
        shifted = [part.word_of + shift for part, shift in zip(parts, shifts, strict=True)]
        names = ("codes", "kept", "digit", "separator", "lengths")
        columns = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
        return cls(word_of=np.concatenate(shifted), **columns)

    @property
    def text_of(self) -> np.ndarray:
        """int64 [N], text index of each glyph."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def has_signs(self) -> np.ndarray:
        """Return bool [N], whether the glyph's word has glyphs between its letters."""
        places = np.flatnonzero(self.kept)
        words = self.word_of[places]
        gaps = (np.diff(words, prepend=-1) == 0) & (np.diff(places, prepend=-1) > 1)
        return np.isin(self.word_of, words[gaps])


def cut_words(
    codes_N: np.ndarray,
    lengths_B: np.ndarray,
    *,
    sign_N: np.ndarray | None,
    join_spaced: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut texts into words at blanks.

    Args:
        codes_N: codes of all glyphs.
        lengths_B: int64 [B], number of glyphs of each text.
        sign_N: bool, whether a glyph is dropped from a word that has other glyphs; None drops none.
        join_spaced: whether to join `MIN_SPACED_WORDS` or more adjacent one-glyph words.

    Returns:
        int64 [N], word index of each glyph, non-decreasing over non-blank glyphs; and bool [N],
        whether a glyph is kept in its word.

    >>> codes, lengths = np.array([5, 0, 6, 7, 0, 8]), np.array([4, 2])  # 0 is a blank
    >>> cut_words(codes, lengths, sign_N=None, join_spaced=True)[0].tolist()
    [0, 1, 1, 1, 3, 3]
    """
    text_of = np.repeat(np.arange(len(lengths_B)), lengths_B)
    blank = codes_N == BLANK
    word_of = np.cumsum(blank) + text_of  # a new word after each blank and in each text
    num_words = int(word_of.max(initial=-1)) + 1
    kept = ~blank
    if sign_N is not None:
        has_others = np.zeros(num_words, dtype=bool)
        has_others[word_of[kept & ~sign_N]] = True
        kept &= ~sign_N | ~has_others[word_of]
    if join_spaced:
        joined = np.arange(num_words)
        joined[word_of[kept]] = _spaced(word_of[kept], text_of[kept])
        word_of = joined[word_of]
    return word_of, kept


def _spaced(word_of: np.ndarray, text_of: np.ndarray) -> np.ndarray:
    """Give runs of `MIN_SPACED_WORDS` or more one-glyph words the index of their first word."""
    new = np.diff(word_of, prepend=-1, append=-1) != 0
    alone = new[:-1] & new[1:]
    follows = alone[1:] & alone[:-1] & (text_of[1:] == text_of[:-1])
    run_of = np.cumsum(np.append(True, ~follows)[: len(word_of)]) - 1
    long = alone & (np.bincount(run_of)[run_of] >= MIN_SPACED_WORDS)
    first = np.flatnonzero(np.diff(run_of, prepend=-1))
    return np.where(long, word_of[first][run_of], word_of)


class WordCutter:
    """Splits words at signs and numbers, and joins words that blanks split.

    Args:
        prior: prior of the codes of words.
        blank_score: score, in nats, of a blank within a word.
    """

    def __init__(self, prior: WordPrior, blank_score: float = 0.0) -> None:
        self.prior, self.blank_score = prior, blank_score

    def split(self, words: CutWords) -> CutWords:
        """Split off numbers, and split words at separators where all pieces are known words.

        Pieces have at least two letters, and they must be more probable than the whole word.
        """
        places = np.flatnonzero(words.kept)
        if not len(places):
            return words
        word_of, digit_K = words.word_of[places], words.digit[places]
        first_K = np.diff(word_of, prepend=-1) != 0
        after_sign_K = ~first_K & (np.diff(places, prepend=-1) > 1)
        masks = np.cumsum(~words.kept & ~words.separator & (words.codes != BLANK))[places]
        separated_K = after_sign_K & (np.diff(masks, prepend=0) == 0)
        cuts_K = first_K | _around_numbers(first_K, after_sign_K, digit_K)
        word_K, piece_K = np.cumsum(cuts_K) - 1, np.cumsum(cuts_K | separated_K) - 1
        word_P = word_K[np.flatnonzero(np.diff(piece_K, prepend=-1))]
        shortest_W = np.full(word_P[-1] + 1, len(places))
        np.minimum.at(shortest_W, word_P, np.bincount(piece_K))
        chosen_K = ((np.bincount(word_P) > 1) & (shortest_W > 1))[word_K]
        if chosen_K.any():
            codes, pieces, whole = (
                words.codes[places[chosen_K]],
                piece_K[chosen_K],
                word_K[chosen_K],
            )
            begins = np.flatnonzero(np.diff(pieces, prepend=-1))
            parts = self.prior.log_known(codes, begins, np.append(begins[1:], len(codes)))
            first = np.flatnonzero(np.diff(whole, prepend=-1))
            separate = np.add.reduceat(parts, np.searchsorted(begins, first))
            better = separate > self.prior.log_p_of(codes, first)
            cuts_K |= separated_K & np.isin(word_K, whole[first][better])
        return replace(words, word_of=_spread(np.cumsum(cuts_K) - 1, places, words.word_of))

    def join(self, words: CutWords, honest_N: np.ndarray) -> CutWords:
        """Join adjacent words that are one known word, except honest words among themselves.

        Args:
            honest_N: bool, whether the glyph's word is an honest one of the dictionary.
        """
        places = np.flatnonzero(words.kept)
        begins = np.flatnonzero(np.diff(words.word_of[places], prepend=-1))
        num_words = len(begins)
        offsets = np.append(begins, len(places))
        codes, first_W = words.codes[places], places[begins]
        text_W = words.text_of[first_W]
        signs_W = np.cumsum(~words.kept & (words.codes != BLANK))[first_W]
        others = np.append(0, np.cumsum(~honest_N[first_W]))
        sums = np.append(0.0, np.cumsum(self.prior.log_p_of(codes, begins)))
        gain_W, count_W = np.full(num_words, MIN_GAIN), np.ones(num_words, dtype=np.int64)
        for count in range(2, min(MAX_PIECES, num_words) + 1):
            first = np.arange(num_words - count + 1)
            last = first + count - 1
            possible = (text_W[first] == text_W[last]) & (signs_W[first] == signs_W[last])
            first = first[possible & (others[last + 1] > others[first])]
            end = first + count
            gain = self.prior.log_known(codes, offsets[first], offsets[end])
            gain += (count - 1) * self.blank_score - (sums[end] - sums[first])
            better = gain > gain_W[first]
            gain_W[first[better]], count_W[first[better]] = gain[better], count
        joined, free = np.arange(num_words), 0
        for word in np.flatnonzero(count_W > 1).tolist():
            end = word + int(count_W[word])
            if word >= free and gain_W[word] >= gain_W[word:end].max():
                joined[word:end], free = word, end
        word_of = words.word_of.copy()
        word_of[places] = np.repeat(word_of[first_W][joined], np.diff(offsets))
        return replace(words, word_of=word_of)


def _spread(new_K: np.ndarray, places_K: np.ndarray, word_of_N: np.ndarray) -> np.ndarray:
    """Give each glyph the new index of the letter before it, or else after it, in its old word."""
    before_N = np.searchsorted(places_K, np.arange(len(word_of_N)), side="right") - 1
    same = word_of_N[places_K[before_N.clip(min=0)]] == word_of_N
    return new_K[np.where((before_N >= 0) & same, before_N, before_N + 1).clip(max=len(new_K) - 1)]


def _around_numbers(
    first_K: np.ndarray, after_sign_K: np.ndarray, digit_K: np.ndarray
) -> np.ndarray:
    """Return bool [K], whether a number of its own ends before a letter, or begins after one."""
    changes = ~first_K & (np.diff(digit_K.astype(int), prepend=0) != 0)
    begins = first_K | after_sign_K | changes
    run_K = np.cumsum(begins) - 1
    long = np.bincount(run_K)[run_K] >= MIN_DIGITS
    last = np.append(np.flatnonzero(first_K)[1:], len(first_K))[np.cumsum(first_K) - 1] - 1
    followers = last - np.arange(len(first_K))
    number = digit_K & (long | (first_K & (followers >= 1) & (followers <= MAX_UNIT)))
    return changes & (number | np.append(False, number[:-1]) | after_sign_K)
