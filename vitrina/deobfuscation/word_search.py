"""Finds the letters of words with doubtful glyphs by a noise channel and a language model.

A look-alike can resemble several letters, so a beam search over the word decides
(`vitrina.deobfuscation.beam_search`). Frequent letters of the training texts are certain, but a
repeated one may be skipped (`хууууй`). All other glyphs are doubtful: each may be a letter, a part
of a letter (`}|{`), or, if it is a sign, nothing.

Shapes: N glyphs, W words, T glyphs of the longest word, C codes.
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

MAX_GLYPHS = 64
"""Glyphs of the longest word searched; longer ones keep the codes of their glyphs."""
MAX_MERGED = 3
"""Glyphs that may form one letter together."""
MIN_MERGED_COSINE = 0.3
"""Minimum cosine of such glyphs, drawn side by side, to a letter."""
BATCH_WORDS = 512
"""Words per beam search."""
CACHED_WORDS = 1 << 16
"""Words in the cache of results."""


@dataclass(frozen=True)
class FoundWord:
    """Codes found for the glyphs of a word or of a batch.

    Attributes:
        codes: int64 [N], code that begins at each glyph, or `SKIP`.
        lengths: int64 [N], number of glyphs of that code.
        scores: float32 [N], log-probability of the glyph's word; NaN if it was not searched.
    """

    codes: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class _Options:
    """Candidate codes of a glyph or glyph sequence, their scores, and the score of skipping it."""

    codes: list[int]
    scores: list[float]
    skip: float


class WordSearch:
    """Replaces the codes of doubtful glyphs by the most probable ones in their word.

    Args:
        codebook: codes of the glyphs.
        model: language model of the codes of words.
        channel: replacements of the training noise.
        cosine_weight: score, in nats, per unit of cosine between a glyph and a code.
        num_candidates: maximum number of candidate codes of a glyph.
        skip_score: score, in nats, of skipping a sign that has no code of a sign.
        repeat_score: score, in nats, of skipping a glyph that repeats the previous one.
        beam_size: number of hypotheses kept.
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
        self._candidates: BoundedCache[tuple[str, ...], _Options] = BoundedCache(CACHE_SIZE)
        self.cache: BoundedCache[tuple[str, ...], FoundWord] = BoundedCache(CACHED_WORDS)

    def __call__(
        self,
        clusters: Sequence[str],
        ids_N: np.ndarray,
        codes_N: np.ndarray,
        word_of_N: np.ndarray,
        searched_N: np.ndarray | None = None,
    ) -> FoundWord:
        """Search the codes of words with doubtful glyphs; other words keep their codes.

        Args:
            clusters: distinct glyphs.
            ids_N: index of each glyph into `clusters`.
            codes_N: int64 [N], code of each glyph by itself.
            word_of_N: int64 [N], word index, non-decreasing over non-blank glyphs.
            searched_N: bool [N], false for the glyphs of words that keep their codes; None: all.
        """
        filled = np.flatnonzero((codes_N != BLANK) & (searched_N is None or searched_N))
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
        new = {key: word for key, word in zip(keys, words, strict=True) if known[key] is None}
        for first in range(0, len(new), BATCH_WORDS):
            batch = list(new)[first : first + BATCH_WORDS]
            searched = self._search(clusters, [new[key] for key in batch])
            for key, word in zip(batch, searched, strict=True):
                known[key] = word
                self.cache.put(key, word)
        parts = [word for key in keys if (word := known[key]) is not None]
        places = filled[ranges(begins, lengths)]
        found.codes[places] = np.concatenate([part.codes for part in parts])
        found.lengths[places] = np.concatenate([part.lengths for part in parts])
        found.scores[places] = np.concatenate([part.scores for part in parts])
        return found

    def _doubtful(
        self, clusters: Sequence[str], ids: np.ndarray, codes: np.ndarray, words: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return starts and lengths of words with a letter and a doubtful glyph, by length."""
        begins = np.flatnonzero(np.diff(words, prepend=-1))
        lengths = np.diff(begins, append=len(words))
        if not len(begins):
            return begins, lengths
        certain = np.array([self.codebook.is_certain(each) for each in clusters])[ids]
        known_sign = np.array([_is_sign(each) for each in clusters])[ids]
        known_sign &= self.codebook.is_sign[codes]
        continues = words[1:] == words[:-1]
        followed = np.append(continues & ~known_sign[1:], False)
        repeated = np.insert(continues, 0, False) & _repeats(ids)
        doubtful = np.where(certain, repeated, ~known_sign | followed)
        chosen = np.logical_or.reduceat(self.codebook.is_letter[codes], begins)
        chosen &= np.logical_or.reduceat(doubtful, begins) & (lengths <= MAX_GLYPHS)
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
        options = [self._options((clusters[glyph],)) for glyph in glyphs]
        skip = np.array([*(each.skip for each in options), 0], dtype=np.float32)
        skip_WT = skip[ids_WT]
        repeated_WT = _repeats(ids_WT) & inside_WT
        skip_WT[repeated_WT] = skip_WT[repeated_WT].clip(min=self.repeat_score)
        names, lengths = [clusters[glyph] for glyph in glyphs], range(2, MAX_MERGED + 1)
        merged = [self._merged(names, ids_WT, length) for length in lengths]
        best = beam_search(
            self.model,
            [ids_WT, *(each[0] for each in merged)],
            [_table(options), *(each[1] for each in merged)],
            skip_WT,
            beam=self.beam_size,
        )
        rows = zip(best.symbols, best.lengths, best.scores, lengths_W.tolist(), strict=True)
        return [
            FoundWord(codes[:n].copy(), spans[:n].copy(), np.full(n, score))
            for codes, spans, score, n in rows
        ]

    def _merged(
        self, glyphs: list[str], ids_WT: np.ndarray, count: int
    ) -> tuple[np.ndarray, Candidates]:
        """Return the candidates of `count` glyphs that form one letter, and their rows [W, T]."""
        padding, width = len(glyphs), ids_WT.shape[1] - count + 1
        rows_WT = np.zeros_like(ids_WT)
        if width < 1:
            return rows_WT, _table([])
        plain = np.array([*(_is_plain(each) for each in glyphs), False])
        certain = np.array([*(self.codebook.is_certain(each) for each in glyphs), False])
        parts = [ids_WT[:, n : n + width] for n in range(count)]
        fits = np.logical_and.reduce([plain[part] for part in parts])
        fits &= ~np.logical_and.reduce([certain[part] for part in parts])
        key = np.zeros_like(parts[0])
        for part in parts:
            key = key * (padding + 1) + part
        distinct, which = np.unique(key[fits], return_inverse=True)
        options = []
        for each in distinct.tolist():
            powers = [(padding + 1) ** n for n in reversed(range(count))]
            options.append(self._options(tuple(glyphs[each // p % (padding + 1)] for p in powers)))
        rows = np.full(fits.shape, len(options))
        rows[fits] = which
        rows_WT[:] = len(options)
        rows_WT[:, :width] = rows
        return rows_WT, _table(options)

    def candidates(self, glyphs: tuple[str, ...]) -> list[str]:
        """Return the letters that glyphs may be together, the best ones first."""
        options = self._options(glyphs)
        best = sorted(zip(options.scores, options.codes, strict=True), reverse=True)
        return [self.codebook.letters[code] for _, code in best if code != UNKNOWN]

    def _options(self, glyphs: tuple[str, ...]) -> _Options:
        options = self._candidates.get(glyphs)
        if options is None:
            single = len(glyphs) == 1
            options = self._single_options(*glyphs) if single else self._merged_options(glyphs)
            self._candidates.put(glyphs, options)
        return options

    def _single_options(self, cluster: str) -> _Options:
        book = self.codebook
        if book.is_certain(cluster):
            return _Options([book.code(cluster)], [0.0], LOG_ZERO)
        scores = self._scores((cluster,), book.min_cosine)
        near = sorted(scores, key=lambda code: (-scores[code], code))[: self.num_candidates]
        found = [scores[code] for code in near]
        if _is_sign(cluster):
            skip = 0.0 if book.is_sign[book.code(cluster)] else self.skip_score
            return _Options(near, found, max(skip, self.channel.inserted.get(cluster, skip)))
        unknown = self.cosine_weight * (book.min_cosine - 1)
        return _Options([*near, UNKNOWN], [*found, unknown], LOG_ZERO)

    def _merged_options(self, glyphs: tuple[str, ...]) -> _Options:
        scores = self._scores(glyphs, MIN_MERGED_COSINE if any(map(_is_sign, glyphs)) else None)
        return _Options(list(scores), list(scores.values()), LOG_ZERO)

    def _scores(self, glyphs: tuple[str, ...], min_cosine: float | None) -> dict[int, float]:
        """Return candidate codes with their channel or cosine score; None ignores cosines."""
        scores = dict(self.channel.letters.get("".join(glyphs), {}))
        if min_cosine is not None:
            cosines_C = self.codebook.cosines(glyphs)
            for code in np.flatnonzero(cosines_C >= min_cosine).tolist():
                score = self.cosine_weight * (float(cosines_C[code]) - 1)
                scores[code] = max(score, scores.get(code, score))
        return scores


def _repeats(ids: np.ndarray) -> np.ndarray:
    """Return whether each value equals the previous one of the last axis, bool, same shape."""
    repeats = np.zeros(ids.shape, dtype=bool)
    repeats[..., 1:] = ids[..., 1:] == ids[..., :-1]
    return repeats


def _is_sign(cluster: str) -> bool:
    return unicodedata.category(cluster[0])[0] in "PSC"


def _is_plain(cluster: str) -> bool:
    return len(cluster) == 1 and (cluster.isascii() or _is_sign(cluster))


def _table(options: Sequence[_Options]) -> Candidates:
    """Pad the options to arrays with one row each, and append an empty row."""
    width = max([1, *(len(each.codes) for each in options)])
    symbols = np.zeros((len(options) + 1, width), dtype=np.int64)
    scores = np.full(symbols.shape, LOG_ZERO, dtype=np.float32)
    for row, each in enumerate(options):
        symbols[row, : len(each.codes)] = each.codes
        scores[row, : len(each.codes)] = each.scores
    counts = np.array([*(len(each.codes) for each in options), 0], dtype=np.int64)
    return Candidates(symbols, scores, counts)
