"""Corrects the spelling of unknown words to that of known words.

Deleted letters (`жпа`), masked letters (`ж*па`) and swapped neighbors (`жпоа`) leave certain glyphs
and a word that no training text holds. The likeliest known word that it may be
(`vitrina.deobfuscation.deletion_index`) replaces it, if it is likelier than the word as it is by
the language model (noisy channel: Kernighan, Church & Gale 1990).

Shapes: N letters of all words, W words, C pairs of a word and a known one that it may have been, L
letters of the longest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.deobfuscation.deletion_index import LEAST, LONGEST, DeletionIndex, hashes_of, in_order
from vitrina.deobfuscation.language_model import NgramLanguageModel
from vitrina.state import FittedState
from vitrina.text.batch import offsets_of, ranges


@dataclass(frozen=True)
class Letters:
    """The letters of words, with the glyphs that each comes from.

    Attributes:
        codes: int64 [N].
        word_of: int64 [N], numbers of words, never falling.
        start, end: int64 [N], first glyph and the one behind the last; equal for an inserted
            letter.
        anchor: int64 [N], the glyph that receives the n-grams of the letter; -1 for an inserted
            letter.
        hidden: int64 [N], signs between a letter and the one before it in its word.
        score: float32 [N], logarithm of the probability of the word and its glyphs, for each of its
            letters; nan where no search gave it.
    """

    codes: np.ndarray
    word_of: np.ndarray
    start: np.ndarray
    end: np.ndarray
    anchor: np.ndarray
    hidden: np.ndarray
    score: np.ndarray

    @classmethod
    def of(
        cls,
        codes_N: np.ndarray,
        word_of_N: np.ndarray,
        kept_N: np.ndarray,
        lengths_N: np.ndarray | None = None,
        sign_N: np.ndarray | None = None,
        score_N: np.ndarray | None = None,
    ) -> Letters:
        """Take the glyphs of texts that are `kept`, with the signs between them.

        Args:
            lengths_N: glyphs of the letter that begins at each glyph; all 1 if left out.
            sign_N: bool, which glyphs are signs; none if left out.
        """
        start = np.flatnonzero(kept_N)
        word_of, hidden = word_of_N[start], np.zeros_like(start)
        if sign_N is not None:
            hidden = np.diff(np.cumsum(sign_N)[start], prepend=0)
            hidden[np.diff(word_of, prepend=-1) != 0] = 0
        end = start + (1 if lengths_N is None else lengths_N[start])
        score = np.full(len(start), np.nan, np.float32) if score_N is None else score_N[start]
        return cls(codes_N[start], word_of, start, end, start, hidden, score)


class SpellingCorrector:
    """Corrects unknown words to known ones.

    Args:
        fitted: what `fit_deletion_index` returned.
        model: language model of the codes of words.
        is_letter: bool, of each code.
        deletion_score: score, in nats, of each letter that is missing.
        mask_score: the same of a letter that a sign replaces.
        swap_score: the same of two swapped neighbors.
        margin: nats by which a known word must be likelier than the word as it is.
    """

    def __init__(
        self,
        fitted: FittedState,
        model: NgramLanguageModel,
        is_letter: np.ndarray,
        *,
        deletion_score: float,
        mask_score: float,
        swap_score: float,
        margin: float,
    ) -> None:
        self.model, self.is_letter = model, is_letter
        self.deletion_score, self.mask_score = deletion_score, mask_score
        self.swap_score, self.margin = swap_score, margin
        self.known_words = DeletionIndex(fitted)

    def __call__(self, letters: Letters) -> Letters:
        """Return the words, in the same order, with the letters of those that are corrected."""
        begins = np.flatnonzero(np.diff(letters.word_of, prepend=-1))
        offsets = np.append(begins, len(letters.codes))
        lengths = np.diff(offsets)
        possible = (lengths >= LEAST) & (lengths <= LONGEST)
        if not possible.any():
            return letters
        possible &= np.logical_and.reduceat(self.is_letter[letters.codes], begins)
        hashes = hashes_of(letters.codes, offsets)
        possible &= ~self.known_words.knows(hashes)
        words = np.flatnonzero(possible)
        if not len(words):
            return letters
        unknown = _Words.of(letters, offsets, words)
        chosen, known, places_CL, scores = self._choose(unknown, hashes[words])
        return self._written(letters, offsets, words[chosen], known, places_CL, scores)

    def _choose(
        self, unknown: _Words, hashes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return which words are corrected, to which known ones, the places [C, L] of their letters
        in these, and the scores of these."""
        parts = [
            self._with_missing(unknown, *self.known_words.with_missing(hashes)),
            self._with_swapped(
                unknown, *self.known_words.with_same_letters(unknown.ordered_hashes())
            ),
        ]
        which, known, scores, places = (np.concatenate(part) for part in zip(*parts, strict=True))
        scores = scores + self.known_words.log_p[known]
        literal = self.model.log_p(unknown.codes, unknown.inside) + self.margin
        better = np.flatnonzero(scores > literal[which])
        order = better[np.lexsort((known[better], -scores[better], which[better]))]
        best = order[np.flatnonzero(np.diff(which[order], prepend=-1))]
        return which[best], known[best], places[best], scores[best]

    def _with_missing(
        self, unknown: _Words, which: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pairs with a known word's letters missing: words, known words, scores, places [C, L].

        Where signs stand in a word, they hide all of its missing letters or none.
        """
        missing = self.known_words.lengths[known] - unknown.lengths[which]
        hidden = unknown.hidden.sum(axis=1)[which]
        places_CL = np.arange(unknown.codes.shape[1]) + unknown.hidden.cumsum(axis=1)[which]
        inside_CL = unknown.inside[which]
        found_CL = self.known_words.letters_at(known, places_CL)
        fits = ((found_CL == unknown.codes[which]) | ~inside_CL).all(axis=1)
        fits &= hidden == missing
        bare = np.flatnonzero(hidden == 0)
        places_CL[bare], fits[bare] = self._found_in(unknown, which[bare], known[bare])
        scores = np.where(hidden > 0, hidden * self.mask_score, missing * self.deletion_score)
        return which[fits], known[fits], scores[fits], places_CL[fits]

    def _found_in(
        self, unknown: _Words, which: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The places [C, L] of words' letters in known words, each the first one that it can be,
        and bool [C], whether all are found: a hash alone promises it, but for chance and malice."""
        codes_CL, lengths_C = unknown.codes[which], unknown.lengths[which]
        places_CL = np.zeros_like(codes_CL)
        at_C = np.zeros(len(which), dtype=np.int64)
        for place in range(int(self.known_words.lengths[known].max(initial=0))):
            rows = np.flatnonzero(at_C < lengths_C)
            letter = self.known_words.letters_at(known[rows], np.full((len(rows), 1), place))[:, 0]
            same = rows[codes_CL[rows, at_C[rows]] == letter]
            places_CL[same, at_C[same]] = place
            at_C[same] += 1
        return places_CL, at_C == lengths_C

    def _with_swapped(
        self, unknown: _Words, which: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pairs with neighbors of a known word exchanged, none twice; as `_with_missing`."""
        codes_CL = unknown.codes[which]
        places_CL = np.broadcast_to(np.arange(codes_CL.shape[1]), codes_CL.shape)
        found_CL = np.where(
            unknown.inside[which], self.known_words.letters_at(known, places_CL), codes_CL
        )
        differs_CL = found_CL != codes_CL
        second_C = np.zeros(len(which), dtype=bool)
        fits_C = np.ones(len(which), dtype=bool)
        for place in range(codes_CL.shape[1]):
            first_C = differs_CL[:, place] & ~second_C
            if place + 1 < codes_CL.shape[1]:
                there, here = found_CL[:, place : place + 2], codes_CL[:, place : place + 2]
                fits_C &= ~first_C | (there == here[:, ::-1]).all(axis=1)
            else:
                fits_C &= ~first_C
            second_C = first_C
        kept = fits_C & (unknown.hidden.sum(axis=1)[which] == 0)
        pairs_C = differs_CL.sum(axis=1) // 2
        scores = (pairs_C * self.swap_score)[kept]
        return which[kept], known[kept], scores, places_CL[kept]

    def _written(
        self,
        letters: Letters,
        offsets: np.ndarray,
        words: np.ndarray,
        known: np.ndarray,
        places_CL: np.ndarray,
        scores: np.ndarray,
    ) -> Letters:
        """Return the letters, with the letters of the `known` words for those of `words`."""
        lengths, known_lengths = np.diff(offsets), self.known_words.lengths[known]
        new_lengths = lengths.copy()
        new_lengths[words] = known_lengths
        new_offsets = offsets_of(new_lengths)
        same = np.ones(len(lengths), dtype=bool)
        same[words] = False
        same = np.flatnonzero(same)
        inside_CL = np.arange(places_CL.shape[1]) < lengths[words, None]
        shown = (new_offsets[words, None] + places_CL)[inside_CL]
        old = np.append(
            ranges(offsets[:-1][same], lengths[same]), ranges(offsets[words], lengths[words])
        )
        new = np.append(ranges(new_offsets[:-1][same], lengths[same]), shown)
        source = np.full(new_offsets[-1], -1)  # where each letter was before; -1: inserted
        source[new] = old
        other = ranges(new_offsets[words], known_lengths)
        codes = letters.codes[source]
        codes[other] = self.known_words.letters(known)
        score = letters.score[source]
        score[other] = np.repeat(scores, known_lengths)
        word_of = np.repeat(letters.word_of[offsets[:-1]], new_lengths)
        there = source >= 0
        # An inserted letter is behind the letter before it, or before the first one of its word.
        before = np.maximum.accumulate(np.where(there, np.arange(len(source)), -1))
        first = before < np.repeat(new_offsets[:-1], new_lengths)
        behind = np.minimum.accumulate(np.where(there, np.arange(len(source)), len(source))[::-1])
        behind = behind[::-1].clip(max=len(source) - 1)
        point = np.where(
            first, letters.start[source[behind]], letters.end[source[before.clip(min=0)]]
        )
        return Letters(
            codes,
            word_of,
            np.where(there, letters.start[source], point),
            np.where(there, letters.end[source], point),
            np.where(there, letters.anchor[source], -1),
            np.where(there, letters.hidden[source], 0),
            score,
        )


@dataclass(frozen=True)
class _Words:
    """Words side by side: their letters, which of these there are, and signs before each."""

    codes: np.ndarray
    inside: np.ndarray
    hidden: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, letters: Letters, offsets: np.ndarray, words: np.ndarray) -> _Words:
        lengths = np.diff(offsets)[words]
        inside_WL = np.arange(lengths.max()) < lengths[:, None]
        places = ranges(offsets[words], lengths)
        codes_WL = np.zeros(inside_WL.shape, dtype=np.int64)
        hidden_WL = np.zeros_like(codes_WL)
        codes_WL[inside_WL], hidden_WL[inside_WL] = letters.codes[places], letters.hidden[places]
        return cls(codes_WL, inside_WL, hidden_WL, lengths)

    def ordered_hashes(self) -> np.ndarray:
        """uint64 [W], of their letters in order."""
        line, offsets = self.codes[self.inside], offsets_of(self.lengths)
        return hashes_of(in_order(line, offsets), offsets)
