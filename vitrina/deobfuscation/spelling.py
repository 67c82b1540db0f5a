"""Words that no training text holds, read as known words that were spelled otherwise.

Who takes letters away (`жпа`), hides them (`ж*па`) or exchanges neighbours (`жпоа`) leaves glyphs
that are each certain and a word that nobody wrote before. Of the known words that it may have been
(`vitrina.deobfuscation.deletion_index`) the likeliest one is taken, where it is likelier than the
word as it stands (noisy channel: Kernighan, Church & Gale 1990); the language model tells.

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
    """What is left of words.

    Attributes:
        codes: int64 [N].
        word_of: int64 [N], numbers of words, never falling.
        tokens: int64 [N], what shows the letter; -1 for a letter that nothing shows.
        hidden: int64 [N], signs between a letter and the one before it in its word.
    """

    codes: np.ndarray
    word_of: np.ndarray
    tokens: np.ndarray
    hidden: np.ndarray

    @classmethod
    def of(
        cls, codes_N: np.ndarray, word_of_N: np.ndarray, kept_N: np.ndarray, sign_N: np.ndarray
    ) -> Letters:
        """Of the tokens of texts those that are `kept`, with the signs between them."""
        tokens = np.flatnonzero(kept_N)
        word_of = word_of_N[tokens]
        hidden = np.diff(np.cumsum(sign_N)[tokens], prepend=0)
        hidden[np.diff(word_of, prepend=-1) != 0] = 0
        return cls(codes_N[tokens], word_of, tokens, hidden)


class SpellingCorrector:
    """Reads unknown words as known ones.

    Args:
        artefacts: what `fit_deletion_index` gave.
        model: of the codes of words.
        is_letter: bool, of each code.
        missing: score, in nats, of each letter that is not there.
        hidden: the same where a sign stands in its place.
        exchanged: the same of two neighbours that stand in each other's place.
        margin: by how many nats a known word must be likelier than the word as it stands.
    """

    def __init__(
        self,
        fitted: FittedState,
        model: NgramLanguageModel,
        is_letter: np.ndarray,
        *,
        missing: float,
        hidden: float,
        exchanged: float,
        margin: float,
    ) -> None:
        self.model, self.is_letter = model, is_letter
        self.missing, self.hidden, self.exchanged = missing, hidden, exchanged
        self.margin = margin
        self.known_words = DeletionIndex(fitted)

    def __call__(self, letters: Letters) -> Letters:
        """The words, of which those that are respelled hold other letters, in the same order."""
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
        chosen, known, places_CL = self._choose(unknown, hashes[words])
        return self._written(letters, offsets, words[chosen], known, places_CL)

    def _choose(
        self, unknown: _Words, hashes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which words are respelled, as which known ones, and the places [C, L] of their letters
        in these."""
        parts = [
            self._with_missing(unknown, *self.known_words.with_missing(hashes)),
            self._with_exchanged(
                unknown, *self.known_words.with_same_letters(unknown.ordered_hashes())
            ),
        ]
        which, known, scores, places = (np.concatenate(part) for part in zip(*parts, strict=True))
        scores = scores + self.known_words.log_p[known]
        stands = self._log_p_as_it_stands(unknown) + self.margin
        better = np.flatnonzero(scores > stands[which])
        order = better[np.lexsort((known[better], -scores[better], which[better]))]
        best = order[np.flatnonzero(np.diff(which[order], prepend=-1))]
        return which[best], known[best], places[best]

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
        scores = np.where(hidden > 0, hidden * self.hidden, missing * self.missing)
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

    def _with_exchanged(
        self, unknown: _Words, which: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pairs with neighbours of a known word exchanged, none twice; as `_with_missing`."""
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
        scores = (pairs_C * self.exchanged)[kept]
        return which[kept], known[kept], scores, places_CL[kept]

    def _log_p_as_it_stands(self, unknown: _Words) -> np.ndarray:
        """float [W], what the language model makes of words with the letters that are there."""
        states_W = np.full(len(unknown.lengths), self.model.start)
        log_p_W = np.zeros(len(unknown.lengths), dtype=np.float32)
        for codes_W, inside_W in zip(unknown.codes.T, unknown.inside.T, strict=True):
            rows = np.flatnonzero(inside_W)
            states, codes = states_W[rows], codes_W[rows]
            log_p_W[rows] += self.model.log_p_SV[states, codes]
            states_W[rows] = self.model.next_SV[states, codes]
        return log_p_W + self.model.log_p_SV[states_W, -1]

    def _written(
        self,
        letters: Letters,
        offsets: np.ndarray,
        words: np.ndarray,
        known: np.ndarray,
        places_CL: np.ndarray,
    ) -> Letters:
        """The letters with `words` written as the `known` ones."""
        lengths = np.diff(offsets)
        new_lengths = lengths.copy()
        new_lengths[words] = self.known_words.lengths[known]
        new_offsets = offsets_of(new_lengths)
        codes, tokens, hidden = (np.zeros(new_offsets[-1], dtype=np.int64) for _ in range(3))
        same = np.ones(len(lengths), dtype=bool)
        same[words] = False
        same = np.flatnonzero(same)
        old, new = (ranges(each[:-1][same], lengths[same]) for each in (offsets, new_offsets))
        codes[new], tokens[new] = letters.codes[old], letters.tokens[old]
        hidden[new] = letters.hidden[old]
        other = ranges(new_offsets[words], self.known_words.lengths[known])
        codes[other] = self.known_words.letters(known)
        tokens[other] = -1
        inside_CL = np.arange(places_CL.shape[1]) < lengths[words, None]
        shown = (new_offsets[words, None] + places_CL)[inside_CL]
        tokens[shown] = letters.tokens[ranges(offsets[words], lengths[words])]
        word_of = np.repeat(letters.word_of[offsets[:-1]], new_lengths)
        return Letters(codes, word_of, tokens, hidden)


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
