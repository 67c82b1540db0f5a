"""Decides where words begin and end: at signs (`день,ночь`, but not `су-ка`) and blanks (`ху й`).

Pieces between signs or blanks are one word if that is more probable under the prior of words.

Shapes: N glyphs, K kept glyphs, P pieces, W words, L letters of the longest word.
"""

from __future__ import annotations

import numpy as np

from vitrina.deobfuscation.word_prior import WordPrior
from vitrina.text.batch import offsets_of, ranges

BLANK_SCORE = -6.0
"""Score, in nats, of a blank within a word."""
MIN_GAIN = 1.0
"""Minimum gain, in nats, of joining words."""
MAX_PIECES = 4
"""Words that may be joined."""
MIN_NUMBER = 2
"""Digits at the edge of a word that are a number of their own: `12часов`, not `4асов`."""


MAX_UNIT = 2
"""Letters of the unit or the ending after a number: `5ч`, `2го`."""


class WordCutter:
    """Splits and joins words.

    Args:
        prior: prior of the codes of words.
    """

    def __init__(self, prior: WordPrior) -> None:
        self.prior = prior

    def split(
        self,
        codes_N: np.ndarray,
        word_of_N: np.ndarray,
        kept_N: np.ndarray,
        digit_N: np.ndarray,
        separator_N: np.ndarray,
    ) -> np.ndarray:
        """Split words at signs and at numbers; return int64 [N], new word indices.

        Args:
            codes_N: visual codes of all glyphs.
            word_of_N: word index of each glyph, non-decreasing over kept glyphs.
            kept_N: bool, whether a glyph is a letter of its word.
            digit_N: bool, whether a glyph is a digit.
            separator_N: bool, whether a glyph can separate words.
        """
        kept = np.flatnonzero(kept_N)
        if not len(kept):
            return word_of_N
        word_of, digit = word_of_N[kept], digit_N[kept]
        first = np.diff(word_of, prepend=-1) != 0
        gaps = np.diff(np.cumsum(~kept_N & ~separator_N)[kept], prepend=0) > 0
        after_sign = ~first & (np.diff(kept, prepend=-1) > 1) & ~gaps
        changes = ~first & (np.diff(digit.astype(int), prepend=0) != 0)
        number = _long_runs(digit, first | after_sign | changes)
        ends_C = np.flatnonzero(np.append(first[1:], True))
        left = ends_C[np.cumsum(first) - 1] - np.arange(len(kept))  # letters after each one
        number |= digit & (first | np.insert(number[:-1], 0, False)) & (left >= 1) & (left <= MAX_UNIT)
        before = np.insert(number[:-1], 0, False)
        at_number = changes & (number | before | after_sign)
        cuts = first | at_number
        pieces = cuts | after_sign
        joined_of, piece_of = np.cumsum(cuts) - 1, np.cumsum(pieces) - 1
        joined_of_piece = joined_of[pieces]
        sizes = np.bincount(piece_of)
        shortest = np.minimum.reduceat(sizes, np.flatnonzero(np.diff(joined_of_piece, prepend=-1)))
        several = np.bincount(joined_of_piece) > 1
        chosen = np.flatnonzero(several & (shortest > 1))
        if len(chosen):
            members = np.isin(joined_of, chosen)
            codes = codes_N[kept[members]]
            whole = self._log_p(codes, joined_of[members])
            begins = np.flatnonzero(np.diff(piece_of[members], prepend=-1))
            parts = self.prior.log_known(codes, begins, np.append(begins[1:], len(codes)))
            of_part = joined_of_piece[np.unique(piece_of[members])]
            begins = np.flatnonzero(np.diff(of_part, prepend=-1))
            separate = chosen[np.add.reduceat(parts, begins) > whole]
            cuts |= after_sign & np.isin(joined_of, separate)
        new_N = np.full(len(codes_N), -1)
        new_N[kept] = np.cumsum(cuts) - 1
        return np.maximum.accumulate(new_N).clip(min=0)

    def join(
        self,
        codes_N: np.ndarray,
        word_of_N: np.ndarray,
        kept_N: np.ndarray,
        text_of_N: np.ndarray,
        sign_N: np.ndarray,
    ) -> np.ndarray:
        """Join neighboring words that are one known word; return int64 [N], word indices."""
        kept = np.flatnonzero(kept_N)
        if len(kept) < 2:
            return word_of_N
        begins = np.flatnonzero(np.diff(word_of_N[kept], prepend=-1))
        offsets = np.append(begins, len(kept))
        num_signs = np.cumsum(sign_N)[kept[begins]]
        codes, texts = codes_N[kept], text_of_N[kept][begins]
        own = self._log_p(codes, word_of_N[kept])
        best, count = np.full(len(begins), MIN_GAIN), np.ones(len(begins), dtype=np.int64)
        for number in range(2, MAX_PIECES + 1):
            if len(begins) < number:
                break
            first = np.arange(len(begins) - number + 1)
            last = first + number - 1
            known = self.prior.log_known(codes, offsets[first], offsets[last + 1])
            sums = np.concatenate([[0.0], np.cumsum(own)])
            gain = known + (number - 1) * BLANK_SCORE - (sums[last + 1] - sums[first])
            gain[(texts[first] != texts[last]) | (num_signs[last] > num_signs[first])] = -np.inf
            better = first[gain > best[first]]
            best[better], count[better] = gain[better], number
        joined = np.arange(len(begins))
        free = 0
        for word in np.flatnonzero(count > 1).tolist():
            end = word + int(count[word])
            if word >= free and best[word] >= best[word:end][count[word:end] > 1].max():
                joined[word:end] = word
                free = end
        lookup = word_of_N.copy()
        lookup[kept] = word_of_N[kept[begins]][joined[np.repeat(np.arange(len(begins)), np.diff(offsets))]]
        return lookup

    def _log_p(self, codes_K: np.ndarray, word_of_K: np.ndarray) -> np.ndarray:
        """Return float32 [W], log-probabilities of the words of letters in order."""
        lengths = np.diff(np.append(np.flatnonzero(np.diff(word_of_K, prepend=-1)), len(word_of_K)))
        inside = np.arange(lengths.max(initial=0)) < lengths[:, None]
        codes = np.zeros(inside.shape, dtype=np.int64)
        codes[inside] = codes_K
        return self.prior.log_p(codes, inside)


def _long_runs(digit: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Return bool, whether each digit is in a run of at least `MIN_NUMBER` digits."""
    run_of = np.cumsum(begins) - 1
    return digit & (np.bincount(run_of)[run_of] >= MIN_NUMBER)
