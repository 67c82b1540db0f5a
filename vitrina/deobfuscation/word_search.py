"""Finds the letters of words with doubtful glyphs, by a noise channel and a language model.

One look-alike by itself may be near to several letters; the word around it decides. The best
letters of a word are searched by what each glyph looks like and by what is likely in the language
(`vitrina.deobfuscation.beam_search`). Frequent letters of the training texts are taken as they are,
but a repeated one may be skipped (`хууууй`). Doubtful are all other glyphs, and signs and digits
among letters: they may be a letter, a part of one (`}|{`), or nothing.

Shapes: N tokens, G distinct glyphs, W words, T tokens of the longest, K candidates, C codes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.deobfuscation.beam_search import LOG_ZERO, Candidates, beam_search
from vitrina.deobfuscation.codebook import BLANK, UNKNOWN, Codebook
from vitrina.deobfuscation.language_model import NgramLanguageModel
from vitrina.deobfuscation.noise_channel import NoiseChannel
from vitrina.glyphs.cache import BoundedCache
from vitrina.glyphs.renderer import CACHE_SIZE
from vitrina.text.batch import ranges

LONGEST = 64
"""Glyphs of a word; longer ones are no words, and are read glyph by glyph."""
MOST_TOGETHER = 3
"""Glyphs that may be one letter together."""
TOGETHER_COSINE = 0.3
"""What glyphs look like together must be this near to a letter."""
WORDS_AT_ONCE = 512
CACHED_WORDS = 1 << 16
"""Words that are remembered."""


@dataclass(frozen=True)
class FoundWord:
    """What glyphs mean, of one word or of all glyphs of a batch.

    Attributes:
        codes: int64 [N], the code that begins at each glyph, or `SKIP`.
        lengths: int64 [N], glyphs of that code.
        scores: float32 [N], logarithm of the probability of the glyph's word; nan where nothing
            was searched.
    """

    codes: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class _Reading:
    """What a glyph, or several together, may be: codes, their scores, that of leaving it out."""

    codes: list[int]
    scores: list[float]
    left_out: float


class WordSearch:
    """Replaces doubtful codes by what is likely in their word.

    Args:
        codebook: codes of the glyphs.
        model: language model of the codes of words.
        channel: what noise replaces by what.
        cosine_weight: a cosine lower by 1 makes a code less likely by this many nats.
        num_candidates: codes that a glyph may have, at most.
        skip_score: score, in nats, of skipping a sign that the codebook does not hold.
        repeat_score: the same of a glyph that repeats the one before it.
        beam_size: hypotheses kept at each place.
    """

    def __init__(
        self,
        codebook: Codebook,
        model: NgramLanguageModel,
        channel: NoiseChannel,
        *,
        cosine_weight: float,
        num_candidates: int,
        skip_score: float,
        repeat_score: float,
        beam_size: int,
    ) -> None:
        self.codebook, self.model, self.channel = codebook, model, channel
        self.cosine_weight, self.num_candidates = cosine_weight, num_candidates
        self.skip_score, self.repeat_score, self.beam_size = skip_score, repeat_score, beam_size
        self._candidates: BoundedCache[tuple[str, ...], _Reading] = BoundedCache(CACHE_SIZE)
        self.cache: BoundedCache[tuple[str, ...], FoundWord] = BoundedCache(CACHED_WORDS)

    def __call__(
        self, clusters: Sequence[str], ids_N: np.ndarray, codes_N: np.ndarray, word_of_N: np.ndarray
    ) -> FoundWord:
        """Search the codes of doubtful words; the others keep their codes.

        Args:
            clusters: the distinct glyphs.
            ids_N: of all glyphs, into `clusters`.
            codes_N: int64 [N], their codes, each by itself.
            word_of_N: int64 [N], numbers of words, never falling over what is no blank.
        """
        filled = np.flatnonzero(codes_N != BLANK)
        ids = ids_N[filled]
        begins, lengths = self._doubtful(clusters, ids, codes_N[filled], word_of_N[filled])
        found = FoundWord(
            codes_N.copy(), np.ones_like(codes_N), np.full(len(codes_N), np.nan, np.float32)
        )
        if not len(begins):
            return found
        words: list[list[int]] = [
            ids[b : b + n].tolist() for b, n in zip(begins, lengths, strict=True)
        ]
        keys = [tuple(clusters[i] for i in word) for word in words]
        known = {key: self.cache.get(key) for key in keys}
        fresh = {key: word for key, word in zip(keys, words, strict=True) if known[key] is None}
        for first in range(0, len(fresh), WORDS_AT_ONCE):
            some = list(fresh)[first : first + WORDS_AT_ONCE]
            searched = self._search(clusters, [fresh[key] for key in some])
            for key, word in zip(some, searched, strict=True):
                known[key] = word
                self.cache.put(key, word)
        parts = [word for key in keys if (word := known[key]) is not None]
        tokens = filled[ranges(begins, lengths)]
        found.codes[tokens] = np.concatenate([part.codes for part in parts])
        found.lengths[tokens] = np.concatenate([part.lengths for part in parts])
        found.scores[tokens] = np.concatenate([part.scores for part in parts])
        return found

    def _doubtful(
        self, clusters: Sequence[str], ids: np.ndarray, codes: np.ndarray, words: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where words begin that hold a letter and something doubtful, and how long they are; short
        ones first."""
        begins = np.flatnonzero(np.diff(words, prepend=-1))
        lengths = np.diff(begins, append=len(words))
        if not len(begins):
            return begins, lengths
        certain = np.array([self.codebook.is_certain(each) for each in clusters])[ids]
        known_sign = np.array([_is_sign(each) for each in clusters])[ids]
        known_sign &= self.codebook.is_sign[codes]
        goes_on = words[1:] == words[:-1]
        followed = np.append(goes_on & ~known_sign[1:], False)
        again = np.insert(goes_on, 0, False) & _repeated(ids)
        doubtful = np.where(certain, again, ~known_sign | followed)
        chosen = np.logical_or.reduceat(self.codebook.is_letter[codes], begins)
        chosen &= np.logical_or.reduceat(doubtful, begins) & (lengths <= LONGEST)
        chosen = np.flatnonzero(chosen)
        chosen = chosen[np.argsort(lengths[chosen], kind="stable")]
        return begins[chosen], lengths[chosen]

    def _search(self, clusters: Sequence[str], words: list[list[int]]) -> list[FoundWord]:
        lengths_W = np.array([len(word) for word in words])
        ids = np.concatenate([np.array(word) for word in words])
        inside_WT = np.arange(lengths_W.max()) < lengths_W[:, None]
        glyphs: list[int] = np.unique(ids).tolist()
        ids_WT = np.full(inside_WT.shape, len(glyphs))
        ids_WT[inside_WT] = np.searchsorted(glyphs, ids)
        readings = [self._reading((clusters[glyph],)) for glyph in glyphs]
        left_out = np.array([*(each.left_out for each in readings), 0], dtype=np.float32)
        left_out_WT = left_out[ids_WT]
        again_WT = _repeated(ids_WT) & inside_WT
        left_out_WT[again_WT] = left_out_WT[again_WT].clip(min=self.repeat_score)
        names, lengths = [clusters[glyph] for glyph in glyphs], range(2, MOST_TOGETHER + 1)
        together = [self._together(names, ids_WT, length) for length in lengths]
        best = beam_search(
            self.model,
            [ids_WT, *(each[0] for each in together)],
            [_table(readings), *(each[1] for each in together)],
            left_out_WT,
            beam=self.beam_size,
        )
        rows = zip(best.symbols, best.lengths, best.scores, lengths_W.tolist(), strict=True)
        return [
            FoundWord(codes[:n].copy(), spans[:n].copy(), np.full(n, score))
            for codes, spans, score, n in rows
        ]

    def _together(
        self, glyphs: list[str], ids_WT: np.ndarray, count: int
    ) -> tuple[np.ndarray, Candidates]:
        """Which candidates `count` glyphs have together that begin at each token."""
        none, wide = len(glyphs), ids_WT.shape[1] - count + 1
        found_WT = np.zeros_like(ids_WT)
        if wide < 1:
            return found_WT, _table([])
        plain = np.array([*(_is_plain(each) for each in glyphs), False])
        sure = np.array([*(self.codebook.is_certain(each) for each in glyphs), False])
        parts = [ids_WT[:, n : n + wide] for n in range(count)]
        fits = np.logical_and.reduce([plain[part] for part in parts])
        fits &= ~np.logical_and.reduce([sure[part] for part in parts])
        key = np.zeros_like(parts[0])
        for part in parts:
            key = key * (none + 1) + part
        distinct, which = np.unique(key[fits], return_inverse=True)
        readings = []
        for each in distinct.tolist():
            powers = [(none + 1) ** n for n in reversed(range(count))]
            readings.append(self._reading(tuple(glyphs[each // p % (none + 1)] for p in powers)))
        numbers = np.full(fits.shape, len(readings))
        numbers[fits] = which
        found_WT[:] = len(readings)
        found_WT[:, :wide] = numbers
        return found_WT, _table(readings)

    def _reading(self, glyphs: tuple[str, ...]) -> _Reading:
        reading = self._candidates.get(glyphs)
        if reading is None:
            reading = self._new(glyphs[0]) if len(glyphs) == 1 else self._new_together(glyphs)
            self._candidates.put(glyphs, reading)
        return reading

    def _new(self, cluster: str) -> _Reading:
        book = self.codebook
        if book.is_certain(cluster):
            return _Reading([book.code(cluster)], [0.0], LOG_ZERO)
        scores = self._scores((cluster,), book.min_cosine)
        near = sorted(scores, key=lambda code: (-scores[code], code))[: self.num_candidates]
        found = [scores[code] for code in near]
        if _is_sign(cluster):
            held = 0.0 if book.is_sign[book.code(cluster)] else self.skip_score
            return _Reading(near, found, max(held, self.channel.inserted.get(cluster, held)))
        lost = self.cosine_weight * (book.min_cosine - 1)
        return _Reading([*near, UNKNOWN], [*found, lost], LOG_ZERO)

    def _new_together(self, glyphs: tuple[str, ...]) -> _Reading:
        scores = self._scores(glyphs, TOGETHER_COSINE if any(map(_is_sign, glyphs)) else None)
        return _Reading(list(scores), list(scores.values()), LOG_ZERO)

    def _scores(self, glyphs: tuple[str, ...], min_cosine: float | None) -> dict[int, float]:
        """Codes that glyphs may have, by what noise puts and, down to a cosine, by their look."""
        scores = dict(self.channel.meant.get("".join(glyphs), {}))
        if min_cosine is not None:
            cosines_C = self.codebook.cosines(glyphs)
            for code in np.flatnonzero(cosines_C >= min_cosine).tolist():
                seen = self.cosine_weight * (float(cosines_C[code]) - 1)
                scores[code] = max(seen, scores.get(code, seen))
        return scores


def _repeated(ids: np.ndarray) -> np.ndarray:
    """Whether what stands before along the last axis is the same."""
    again = np.zeros(ids.shape, dtype=bool)
    again[..., 1:] = ids[..., 1:] == ids[..., :-1]
    return again


def _is_sign(cluster: str) -> bool:
    return unicodedata.category(cluster[0])[0] in "PSC"


def _is_plain(cluster: str) -> bool:
    return len(cluster) == 1 and (cluster.isascii() or _is_sign(cluster))


def _table(readings: Sequence[_Reading]) -> Candidates:
    """Candidates of each, and behind them a row of none."""
    width = max([1, *(len(each.codes) for each in readings)])
    symbols = np.zeros((len(readings) + 1, width), dtype=np.int64)
    scores = np.full(symbols.shape, LOG_ZERO, dtype=np.float32)
    for row, each in enumerate(readings):
        symbols[row, : len(each.codes)] = each.codes
        scores[row, : len(each.codes)] = each.scores
    counts = np.array([*(len(each.codes) for each in readings), 0], dtype=np.int64)
    return Candidates(symbols, scores, counts)
