"""Corrects unknown words to known words.

It undoes deleted letters (`жпа`) and swapped neighbors (`жпоа`). The most
probable known word (`vitrina.deobfuscation.deletion_index`) replaces a word if the noisy channel
(Kernighan, Church & Gale 1990) prefers it to the original word.

Shapes: N letters of all words, W words, C pairs of a word and a known word, L letters of the
longest word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.deobfuscation.deletion_index import (
    MAX_LENGTH,
    MIN_LENGTH,
    hashes_of,
    sort_letters,
)
from vitrina.deobfuscation.word_prior import WordPrior
from vitrina.text.batch import offsets_of, ranges

MIN_SPACED_LENGTH = 4
"""Minimum number of letters of a corrected word with glyphs between its letters."""


@dataclass(frozen=True)
class Letters:
    """Letters of words with their source glyphs.

    Attributes:
        codes: int64 [N], visual codes; may be `UNKNOWN`.
        word_of: int64 [N], word index, non-decreasing.
        start, end: int64 [N], span of glyphs, end exclusive; empty for an inserted letter.
        anchor: int64 [N], glyph that receives the n-grams of the letter; -1 if inserted.
        score: float32 [N], joint log-probability of the letter's word and its glyphs; NaN if the
            word was not searched.
        lemma: uint64 [N], hash of the lemma of the letter's word; 0 if it is not known.
    """

    codes: np.ndarray
    word_of: np.ndarray
    start: np.ndarray
    end: np.ndarray
    anchor: np.ndarray
    score: np.ndarray
    lemma: np.ndarray

    @classmethod
    def of(
        cls,
        codes_N: np.ndarray,
        word_of_N: np.ndarray,
        kept_N: np.ndarray,
        lengths_N: np.ndarray | None = None,
        score_N: np.ndarray | None = None,
        lemma_N: np.ndarray | None = None,
    ) -> Letters:
        """Return the letters that begin at the kept glyphs.

        Args:
            lengths_N: number of glyphs of the letter that begins at each glyph; None: 1.
            lemma_N: uint64, hash of the lemma of each glyph's word; None: 0.
        """
        start = np.flatnonzero(kept_N)
        end = start + (1 if lengths_N is None else lengths_N[start])
        score = np.full(len(start), np.nan, np.float32) if score_N is None else score_N[start]
        lemma = np.zeros(len(start), np.uint64) if lemma_N is None else lemma_N[start]
        return cls(codes_N[start], word_of_N[start], start, end, start, score, lemma)


class SpellingCorrector:
    """Corrects unknown words to known ones.

    Args:
        prior: prior of the codes of words.
        is_letter: bool, per code.
        deletion_score: score, in nats, of each deleted letter.
        swap_score: score, in nats, of each pair of swapped neighbors.
        margin: minimum gain, in nats, of a known word over the original word.
    """

    def __init__(
        self,
        prior: WordPrior,
        is_letter: np.ndarray,
        *,
        deletion_score: float,
        swap_score: float,
        margin: float,
    ) -> None:
        self.prior, self.is_letter = prior, is_letter
        self.deletion_score, self.swap_score, self.margin = deletion_score, swap_score, margin
        self.known_words = prior.known

    def __call__(self, letters: Letters) -> Letters:
        """Return the words in the same order, with unknown words corrected.

        Honest words stay, and so do short words with glyphs between their letters (`т.к`).
        """
        begins = np.flatnonzero(np.diff(letters.word_of, prepend=-1))
        offsets = np.append(begins, len(letters.codes))
        lengths = np.diff(offsets)
        possible = (lengths >= MIN_LENGTH) & (lengths <= MAX_LENGTH)
        if not possible.any():
            return letters
        possible &= np.logical_and.reduceat(self.is_letter[letters.codes], begins)
        hashes = hashes_of(letters.codes, offsets)
        possible &= (
            ~self.known_words.knows(hashes)
            & (letters.lemma[begins] == 0)
            & ((lengths >= MIN_SPACED_LENGTH) | ~_has_gaps(letters, begins))
        )
        words = np.flatnonzero(possible)
        if not len(words):
            return letters
        unknown = _Words.of(letters, offsets, words)
        chosen, known, positions_CL, scores = self._choose(unknown, hashes[words])
        return self._replace(letters, offsets, words[chosen], known, positions_CL, scores)

    def _choose(
        self, unknown: _Words, hashes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return words to correct, their known words, positions [C, L] in these, and scores."""
        parts = [
            self._with_missing(unknown, *self.known_words.with_missing(hashes)),
            self._with_swapped(
                unknown, *self.known_words.with_same_letters(unknown.sorted_hashes())
            ),
        ]
        which, known, scores, positions = map(np.concatenate, zip(*parts, strict=True))
        scores = scores + self.prior.log_known_K[known]
        literal = self.prior.log_p(unknown.codes, unknown.inside) + self.margin
        better = np.flatnonzero(scores > literal[which])
        order = better[np.lexsort((known[better], -scores[better], which[better]))]
        best = order[np.flatnonzero(np.diff(which[order], prepend=-1))]
        return which[best], known[best], positions[best], scores[best]

    def _with_missing(
        self, unknown: _Words, which: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return pairs with missing letters: words, known words, scores, positions [C, L]."""
        missing = self.known_words.lengths[known] - unknown.lengths[which]
        positions_CL, fits = self._match(unknown, which, known)
        scores = missing * self.deletion_score
        return which[fits], known[fits], scores[fits], positions_CL[fits]

    def _match(
        self, unknown: _Words, which: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return first possible positions [C, L] in known words, and bool [C], whether all match.

        Words that do not match are hash collisions.
        """
        codes_CL, lengths_C = unknown.codes[which], unknown.lengths[which]
        positions_CL = np.zeros_like(codes_CL)
        next_C = np.zeros(len(which), dtype=np.int64)
        for position in range(int(self.known_words.lengths[known].max(initial=0))):
            rows = np.flatnonzero(next_C < lengths_C)
            positions_C1 = np.full((len(rows), 1), position)
            letter = self.known_words.letters_at(known[rows], positions_C1)[:, 0]
            same = rows[codes_CL[rows, next_C[rows]] == letter]
            positions_CL[same, next_C[same]] = position
            next_C[same] += 1
        return positions_CL, next_C == lengths_C

    def _with_swapped(
        self, unknown: _Words, which: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return pairs with disjoint swaps of neighbors, in the format of `_with_missing`."""
        codes_CL = unknown.codes[which]
        positions_CL = np.broadcast_to(np.arange(codes_CL.shape[1]), codes_CL.shape)
        found_CL = np.where(
            unknown.inside[which], self.known_words.letters_at(known, positions_CL), codes_CL
        )
        differs_CL = found_CL != codes_CL
        second_C = np.zeros(len(which), dtype=bool)
        fits_C = np.ones(len(which), dtype=bool)
        for position in range(codes_CL.shape[1]):
            first_C = differs_CL[:, position] & ~second_C
            if position + 1 < codes_CL.shape[1]:
                pair = slice(position, position + 2)
                swapped_C2 = codes_CL[:, pair][:, ::-1]
                fits_C &= ~first_C | (found_CL[:, pair] == swapped_C2).all(axis=1)
            else:
                fits_C &= ~first_C
            second_C = first_C
        scores = (differs_CL.sum(axis=1) // 2 * self.swap_score)[fits_C]
        return which[fits_C], known[fits_C], scores, positions_CL[fits_C]

    def _replace(
        self,
        letters: Letters,
        offsets: np.ndarray,
        words: np.ndarray,
        known: np.ndarray,
        positions_CL: np.ndarray,
        scores: np.ndarray,
    ) -> Letters:
        """Replace misspelled words by known words; inserted letters get empty spans.

        Args:
            offsets: int64 [W + 1], first letter of each word, then the number of letters.
            words, known: int64 [C], replaced words and their replacements in the index.
            positions_CL: int64, position in the known word of each letter of the replaced word.
            scores: float32 [C], score of each replacement.
        """
        lengths, known_lengths = np.diff(offsets), self.known_words.lengths[known]
        new_lengths = lengths.copy()
        new_lengths[words] = known_lengths
        new_offsets = offsets_of(new_lengths)
        same = np.ones(len(lengths), dtype=bool)
        same[words] = False
        same = np.flatnonzero(same)
        inside_CL = np.arange(positions_CL.shape[1]) < lengths[words, None]
        matched = (new_offsets[words, None] + positions_CL)[inside_CL]
        old_index = np.append(
            ranges(offsets[:-1][same], lengths[same]), ranges(offsets[words], lengths[words])
        )
        new_index = np.append(ranges(new_offsets[:-1][same], lengths[same]), matched)
        source = np.full(new_offsets[-1], -1)  # old index of each letter; -1: inserted
        source[new_index] = old_index
        replaced = ranges(new_offsets[words], known_lengths)
        codes = letters.codes[source]
        codes[replaced] = self.known_words.letters(known)
        score = letters.score[source]
        score[replaced] = np.repeat(scores, known_lengths)
        word_of = np.repeat(letters.word_of[offsets[:-1]], new_lengths)
        old = source >= 0
        # An inserted letter has an empty span after the previous letter, or before the first one.
        before = np.maximum.accumulate(np.where(old, np.arange(len(source)), -1))
        first = before < np.repeat(new_offsets[:-1], new_lengths)
        after = np.minimum.accumulate(np.where(old, np.arange(len(source)), len(source))[::-1])
        after = after[::-1].clip(max=len(source) - 1)
        point = np.where(
            first, letters.start[source[after]], letters.end[source[before.clip(min=0)]]
        )
        return Letters(
            codes,
            word_of,
            np.where(old, letters.start[source], point),
            np.where(old, letters.end[source], point),
            np.where(old, letters.anchor[source], -1),
            score,
            letters.lemma[source],
        )


def _has_gaps(letters: Letters, begins: np.ndarray) -> np.ndarray:
    """Return bool [W], whether a word that begins at `begins` has glyphs between its letters."""
    gap = letters.start != np.append(0, letters.end[:-1])
    gap[begins] = False
    return np.logical_or.reduceat(gap, begins)


@dataclass(frozen=True)
class _Words:
    """Padded words: codes and mask [W, L], and lengths [W]."""

    codes: np.ndarray
    inside: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, letters: Letters, offsets: np.ndarray, words: np.ndarray) -> _Words:
        lengths = np.diff(offsets)[words]
        inside_WL = np.arange(lengths.max()) < lengths[:, None]
        source = ranges(offsets[words], lengths)
        codes_WL = np.zeros(inside_WL.shape, dtype=np.int64)
        codes_WL[inside_WL] = letters.codes[source]
        return cls(codes_WL, inside_WL, lengths)

    def sorted_hashes(self) -> np.ndarray:
        """Return uint64 [W], hashes of the words with sorted letters."""
        line, offsets = self.codes[self.inside], offsets_of(self.lengths)
        return hashes_of(sort_letters(line, offsets), offsets)
