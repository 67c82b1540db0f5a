"""Words that no training text holds, read as known words that were spelled otherwise.

Who takes letters away (`жпа`), hides them (`ж*па`) or exchanges neighbours (`жпоа`) leaves glyphs
that are each certain and a word that nobody wrote before. The known words that it may have been are
looked up, not searched for: one table holds their spellings without one and without two letters
(symmetric deletion: Garbe 2012, SymSpell), one their letters in alphabetical order (anagram
hashing: Reynaert 2010, "Character confusion versus focus word-based correction of spelling and OCR
variants in corpora"). The likeliest one is taken where it is likelier than the word as it stands
(noisy channel: Kernighan, Church & Gale 1990), which the language model tells.

Shapes: N glyphs of all words, W words, K known words, C pairs of a word and a known one that it may
have been, L letters of the longest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.models.artefacts import Artefacts
from vitrina.models.character_model import CharacterModel
from vitrina.text.columns import offsets_of, ranges
from vitrina.text.ngrams import BASE, MarkedWords

LEAST, LONGEST = 3, 24
"""Letters of a word that is respelled: what is left of a shorter one could be too much."""
MOST_MISSING = 2
"""Letters that may be missing or hidden: of known words without three there are many more."""

MOST_KNOWN = 1 << 16
"""Known words; the table of their spellings takes some 600 bytes for each."""

_BACK, _TWICE_BACK = (np.uint64(pow(BASE, -n, 2**64)) for n in (1, 2))


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


def fit_known_words(words: MarkedWords, is_letter: np.ndarray) -> Artefacts:
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
    hashes = _hashes(codes, offsets)[chosen]
    _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_KNOWN])
    kept, counts = chosen[first[frequent]], counts[frequent]
    arrays = {
        "codes": codes[ranges(offsets[kept], lengths[kept])].astype(np.int16),
        "lengths": lengths[kept].astype(np.int16),
        "counts": counts.astype(np.int32),
    }
    return Artefacts(arrays)


class Respeller:
    """Reads unknown words as known ones.

    Args:
        artefacts: what `fit_known_words` gave.
        model: of the codes of words.
        is_letter: bool, of each code.
        missing: score, in nats, of each letter that is not there.
        hidden: the same where a sign stands in its place.
        exchanged: the same of two neighbours that stand in each other's place.
        margin: by how many nats a known word must be likelier than the word as it stands.
    """

    def __init__(
        self,
        artefacts: Artefacts,
        model: CharacterModel,
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
        self.codes = artefacts.arrays["codes"].astype(np.int64)
        self.lengths = artefacts.arrays["lengths"].astype(np.int64)
        self.offsets = offsets_of(self.lengths)
        counts = artefacts.arrays["counts"]
        self.log_p = np.log(counts / max(counts.sum(), 1)).astype(np.float32)
        whole = _hashes(self.codes, self.offsets)
        self._known = np.sort(whole)
        self._shortened = _Table.of(*_without_letters(self.codes, self.offsets, whole))
        in_order = _hashes(_ordered(self.codes, self.offsets), self.offsets)
        self._anagrams = _Table.of(in_order, np.arange(len(self.lengths)))

    def __call__(self, letters: Letters) -> Letters:
        """The words, of which those that are respelled hold other letters, in the same order."""
        begins = np.flatnonzero(np.diff(letters.word_of, prepend=-1))
        offsets = np.append(begins, len(letters.codes))
        lengths = np.diff(offsets)
        possible = (lengths >= LEAST) & (lengths <= LONGEST)
        if not possible.any():
            return letters
        possible &= np.logical_and.reduceat(self.is_letter[letters.codes], begins)
        hashes = _hashes(letters.codes, offsets)
        possible &= ~_stands_in(self._known, hashes)
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
            self._with_missing(unknown, *self._shortened.find(hashes)),
            self._with_exchanged(unknown, *self._anagrams.find(unknown.ordered_hashes())),
        ]
        which, known, scores, places = (np.concatenate(part) for part in zip(*parts, strict=True))
        scores = scores + self.log_p[known]
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
        missing = self.lengths[known] - unknown.lengths[which]
        hidden = unknown.hidden.sum(axis=1)[which]
        places_CL = np.arange(unknown.codes.shape[1]) + unknown.hidden.cumsum(axis=1)[which]
        inside_CL = unknown.inside[which]
        found_CL = self._letters(known, places_CL)
        fits = ((found_CL == unknown.codes[which]) | ~inside_CL).all(axis=1)
        kept = (hidden == 0) | ((hidden == missing) & fits)
        which, known, missing, hidden = which[kept], known[kept], missing[kept], hidden[kept]
        places_CL = places_CL[kept]
        bare = np.flatnonzero(hidden == 0)
        places_CL[bare] = self._found_in(unknown, which[bare], known[bare])
        scores = np.where(hidden > 0, hidden * self.hidden, missing * self.missing)
        return which, known, scores, places_CL

    def _found_in(self, unknown: _Words, which: np.ndarray, known: np.ndarray) -> np.ndarray:
        """The places [C, L] of words' letters in known words, each the first one that it can be."""
        places_CL = np.zeros((len(which), unknown.codes.shape[1]), dtype=np.int64)
        at_C, rows = np.zeros(len(which), dtype=np.int64), np.arange(len(which))
        for place in range(int(self.lengths[known].max(initial=0))):
            letter_C = self._letters(known, np.full((len(which), 1), place))[:, 0]
            same = np.flatnonzero(
                (at_C < unknown.lengths[which])
                & (unknown.codes[which, at_C.clip(max=places_CL.shape[1] - 1)] == letter_C)
            )
            places_CL[rows[same], at_C[same]] = place
            at_C[same] += 1
        return places_CL

    def _with_exchanged(
        self, unknown: _Words, which: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pairs with neighbours of a known word exchanged, none twice; as `_with_missing`."""
        codes_CL = unknown.codes[which]
        places_CL = np.broadcast_to(np.arange(codes_CL.shape[1]), codes_CL.shape)
        found_CL = np.where(unknown.inside[which], self._letters(known, places_CL), codes_CL)
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

    def _letters(self, known: np.ndarray, places_CL: np.ndarray) -> np.ndarray:
        """Codes [C, L] at places of known words, -1 behind their ends."""
        inside = places_CL < self.lengths[known, None]
        at = np.where(inside, self.offsets[known, None] + places_CL, 0)
        return np.where(inside, self.codes[at], -1) if len(self.codes) else np.full(at.shape, -1)

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
        new_lengths[words] = self.lengths[known]
        new_offsets = offsets_of(new_lengths)
        codes, tokens, hidden = (np.zeros(new_offsets[-1], dtype=np.int64) for _ in range(3))
        same = np.ones(len(lengths), dtype=bool)
        same[words] = False
        same = np.flatnonzero(same)
        old, new = (ranges(each[:-1][same], lengths[same]) for each in (offsets, new_offsets))
        codes[new], tokens[new] = letters.codes[old], letters.tokens[old]
        hidden[new] = letters.hidden[old]
        other = ranges(new_offsets[words], self.lengths[known])
        codes[other] = self.codes[ranges(self.offsets[known], self.lengths[known])]
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
        return _hashes(_ordered(line, offsets), offsets)


@dataclass(frozen=True)
class _Table:
    """Hashes, rising, and the known words that they belong to."""

    hashes: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, hashes: np.ndarray, known: np.ndarray) -> _Table:
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], known[order])

    def find(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All pairs of an index into `hashes` and a known word that has this hash here."""
        first = np.searchsorted(self.hashes, hashes)
        counts = np.searchsorted(self.hashes, hashes, side="right") - first
        return np.repeat(np.arange(len(hashes)), counts), self.known[ranges(first, counts)]


def _stands_in(rising: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    if not len(rising):
        return np.zeros(len(hashes), dtype=bool)
    return rising[np.searchsorted(rising, hashes).clip(max=len(rising) - 1)] == hashes


def _terms(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """uint64 [N], what each letter adds to the hash of its word: a polynomial, as n-grams have."""
    lengths = np.diff(offsets)
    powers = np.full(int(lengths.max(initial=0)) + 1, BASE, dtype=np.uint64)
    powers[0] = 1
    in_word = ranges(np.zeros(len(lengths), dtype=np.int64), lengths)
    return (codes + 1).astype(np.uint64) * np.cumprod(powers)[in_word]


def _hashes(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """uint64, of each word; no word is empty."""
    if len(offsets) < 2:
        return np.zeros(0, dtype=np.uint64)
    return np.add.reduceat(_terms(codes, offsets), offsets[:-1])


def _ordered(codes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
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
