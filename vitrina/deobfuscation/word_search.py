"""Finds the letters of words with doubtful glyphs by a noise channel and a prior of words.

A look-alike can resemble several letters, so a beam search over the word decides
(`vitrina.deobfuscation.beam_search`). Frequent letters of the training texts are certain, but a
repeated one may be skipped (`хууууй`). All other glyphs are doubtful: each may be a letter that it
resembles, that Unicode or a transliteration gives, or a part of a letter (`}|{`); a sign or a digit
may also mask any letter (`х*й`), and a sign may be nothing.

Shapes: N glyphs, W words, L glyphs of the longest sequence that forms one letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vitrina.deobfuscation.beam_search import LOG_ZERO, SKIP, Candidates, beam_search
from vitrina.deobfuscation.codebook import BLANK, UNKNOWN, Codebook
from vitrina.deobfuscation.language_model import ROOT
from vitrina.deobfuscation.noise_channel import NoiseChannel
from vitrina.deobfuscation.plain_letters import plain_letter, transliterations
from vitrina.deobfuscation.word_prior import WordPrior
from vitrina.glyphs.cache import BoundedCache
from vitrina.glyphs.renderer import CACHE_SIZE
from vitrina.text.batch import offsets_of, ranges

MAX_GLYPHS = 64
"""Glyphs of the longest word searched; longer ones keep the codes of their glyphs."""
MAX_MERGED = 3
"""Glyphs that may form one letter together."""
MIN_MERGED_COSINE = 0.3
"""Minimum cosine of such glyphs, drawn side by side, to a letter."""
MIN_MASKED_SHARE = 3e-4
"""Minimum share of a letter that a sign or digit may mask, whatever they look like."""
REPEATED_AGAIN = 0.1
"""Score of each further repetition of a glyph relative to that of the first one."""
MASKS = frozenset("*@#$%&_^~+=")
"""Signs that mask letters even at the end of a word (`ху*`)."""
ACCENTED = -4.0
"""Added to the scores of transliterations of accented letters (`ñ`): they are look-alikes."""
EXPLAINED_SHARE, EXPLAINED = -1.5, -4.0
"""A glyph with a letter of this log-share in the noise channel (`4` is `ч`) masks any other letter
with a score that is lower by so many nats."""
RARE_SIGN = -9.0
"""Score of masking any letter, and of being skipped, of signs that are neither ASCII nor frequent:
they are look-alikes of letters more often."""
NO_MASKS = frozenset(',;:()[]"«»„“”')
"""Signs that mask no letter."""
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
        prior: prior of the codes of words.
        channel: replacements of the training noise.
        cosine_weight: score, in nats, per unit of cosine between a glyph and a code.
        num_candidates: maximum number of candidate codes that a glyph resembles.
        unknown_score: score, in nats, of a glyph that is no letter.
        foreign_score: score, in nats per letter, of a Latin word that is read as no other word.
        mask_score: score, in nats, of a sign or digit that masks any letter.
        skip_score: score, in nats, of skipping a sign.
        repeat_score: score, in nats, of skipping a glyph that repeats the previous one.
        beam_size: number of hypotheses kept.
    """

    def __init__(
        self,
        codebook: Codebook,
        prior: WordPrior,
        channel: NoiseChannel,
        *,
        cosine_weight: float,
        num_candidates: int,
        unknown_score: float,
        foreign_score: float,
        mask_score: float,
        skip_score: float,
        repeat_score: float,
        beam_size: int,
    ) -> None:
        self.codebook, self.prior, self.channel = codebook, prior, channel
        self.cosine_weight, self.num_candidates = cosine_weight, num_candidates
        self.unknown_score, self.foreign_score = unknown_score, foreign_score
        self.mask_score = mask_score
        self.skip_score, self.repeat_score, self.beam_size = skip_score, repeat_score, beam_size
        frequent = prior.model.log_p_SV[ROOT, :-1] > np.log(MIN_MASKED_SHARE)
        self._masked: list[int] = np.flatnonzero(frequent & codebook.is_letter).tolist()
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
        begins, lengths = self._doubtful(clusters, ids, word_of_N[filled])
        found = FoundWord(
            codes_N.copy(), np.ones_like(codes_N), np.full(len(codes_N), np.nan, np.float32)
        )
        if not len(begins):
            return found
        words = [
            tuple(clusters[int(i)] for i in ids[b : b + n])
            for b, n in zip(begins.tolist(), lengths.tolist(), strict=True)
        ]
        known = {word: self.cache.get(word) for word in words}
        new = [word for word, result in known.items() if result is None]
        for word, result in zip(new, self._search(new), strict=True):
            known[word] = result
            self.cache.put(word, result)
        parts = [result for word in words if (result := known[word]) is not None]
        places = filled[ranges(begins, lengths)]
        found.codes[places] = np.concatenate([part.codes for part in parts])
        found.lengths[places] = np.concatenate([part.lengths for part in parts])
        found.scores[places] = np.concatenate([part.scores for part in parts])
        return found

    def candidates(self, glyphs: tuple[str, ...]) -> list[str]:
        """Return the letters that glyphs may be together, the best ones first."""
        options = self._options(glyphs)
        best = sorted(zip(options.scores, options.codes, strict=True), reverse=True)
        return [self.codebook.letters[code] for _, code in best if code != UNKNOWN]

    def _doubtful(
        self, clusters: Sequence[str], ids: np.ndarray, words: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return starts and lengths of words with a letter and a doubtful glyph."""
        begins = np.flatnonzero(np.diff(words, prepend=-1))
        lengths = np.diff(begins, append=len(words))
        if not len(begins):
            return begins, lengths

        def each(holds: list[bool]) -> np.ndarray:
            return np.array(holds, dtype=bool)[ids]

        sign = each([_is_sign(cluster) for cluster in clusters])
        continues = words[1:] == words[:-1]
        inside = np.append(continues & ~sign[1:], False) | each([c in MASKS for c in clusters])
        repeated = np.insert(continues & (ids[1:] == ids[:-1]), 0, False)
        certain = each([self.codebook.is_certain(cluster) for cluster in clusters])
        doubtful = np.where(certain, repeated, ~sign | inside)
        letter = each([_is_letter(c) or self._resembles_letter(c) for c in clusters])
        chosen = np.logical_or.reduceat(letter, begins)
        chosen &= np.logical_or.reduceat(doubtful, begins) & (lengths <= MAX_GLYPHS)
        return begins[chosen], lengths[chosen]

    def _resembles_letter(self, cluster: str) -> bool:
        code = self.codebook.code(cluster)
        return not (cluster.isascii() or _is_sign(cluster)) and bool(self.codebook.is_letter[code])

    def _search(self, words: Sequence[tuple[str, ...]]) -> list[FoundWord]:
        """Search words that are not in the cache."""
        if not words:
            return []
        options: list[_Options] = []
        row_of: dict[tuple[str, ...], int] = {}

        def row(glyphs: tuple[str, ...]) -> int:
            found = row_of.get(glyphs)
            if found is None:
                found = row_of[glyphs] = len(options)
                options.append(self._options(glyphs))
            return found

        offsets = offsets_of([len(word) for word in words])
        rows_LN = np.full((MAX_MERGED, offsets[-1]), -1)
        skip_N = np.full(offsets[-1], LOG_ZERO, dtype=np.float32)
        for word, begin in zip(words, offsets.tolist(), strict=False):
            plain = [_is_plain(glyph) for glyph in word]
            certain = [self.codebook.is_certain(glyph) for glyph in word]
            last = max(i for i, glyph in enumerate(word) if not _is_sign(glyph))
            initials = all((a == ".") != (b == ".") for a, b in pairwise(word))
            repeats = 0
            for place, glyph in enumerate(word):
                at = begin + place
                rows_LN[0, at] = row((glyph,))
                repeats = repeats + 1 if place and word[place - 1] == glyph else 0
                skip_N[at] = options[rows_LN[0, at]].skip
                if (
                    _is_sign(glyph)
                    and glyph not in MASKS
                    and (place > last or (glyph == "." and initials))
                ):
                    rows_LN[0, at] = -1
                if repeats:
                    again = self.repeat_score * (1 if repeats == 1 else REPEATED_AGAIN)
                    skip_N[at] = max(skip_N[at], again)
                for end in range(place + 2, min(place + MAX_MERGED, len(word)) + 1):
                    if all(plain[place:end]) and not all(certain[place:end]):
                        rows_LN[end - place - 1, at] = row(word[place:end])
        best = beam_search(
            self.prior,
            offsets,
            rows_LN,
            Candidates.of([(each.codes, each.scores) for each in options]),
            skip_N,
            beam=self.beam_size,
        )
        return [
            self._result(word, best.symbols[a:b], best.lengths[a:b], float(score))
            for word, a, b, score in zip(words, offsets, offsets[1:], best.scores, strict=False)
        ]

    def _result(
        self, word: tuple[str, ...], symbols: np.ndarray, lengths: np.ndarray, score: float
    ) -> FoundWord:
        """Return the letters of a word, where a letter spans its skipped repetitions."""
        foreign = self.foreign_score * sum(map(_is_letter, word))
        if score < foreign and all(each.isascii() and not each.isdigit() for each in word):
            own = self.codebook(word)
            return FoundWord(own, np.ones_like(own), np.full(len(word), foreign, np.float32))
        codes, spans = symbols.copy(), lengths.copy()
        last = -1
        for place, symbol in enumerate(symbols.tolist()):
            if symbol != SKIP:
                last = place
            elif last >= 0 and word[place] == word[last] and last + spans[last] == place:
                spans[last] += 1
        return FoundWord(codes, spans, np.full(len(word), score, np.float32))

    def _options(self, glyphs: tuple[str, ...]) -> _Options:
        options = self._candidates.get(glyphs)
        if options is None:
            options = self._single(*glyphs) if len(glyphs) == 1 else self._merged(glyphs)
            self._candidates.put(glyphs, options)
        return options

    def _single(self, cluster: str) -> _Options:
        book = self.codebook
        if book.is_certain(cluster):
            return _Options([book.code(cluster)], [0.0], LOG_ZERO)
        scores = self._scores((cluster,), book.min_cosine)
        near = sorted(scores, key=lambda code: (-scores[code], code))[: self.num_candidates]
        scores = {code: scores[code] for code in near}
        usual = cluster.isascii() or book.contains(cluster)
        known = self.channel.letters.get(cluster, {})
        explained = EXPLAINED if max(known.values(), default=LOG_ZERO) > EXPLAINED_SHARE else 0.0
        if not _is_letter(cluster) and cluster not in NO_MASKS:
            for code in self._masked:
                mask = (self.mask_score if usual else RARE_SIGN) + explained
                scores[code] = max(scores.get(code, LOG_ZERO), mask)
        if _is_sign(cluster):
            skip = self.skip_score if usual else RARE_SIGN
            skip = max(skip, self.channel.inserted.get(cluster, LOG_ZERO))
            return _Options(list(scores), list(scores.values()), skip)
        scores[UNKNOWN] = self.unknown_score
        return _Options(list(scores), list(scores.values()), LOG_ZERO)

    def _merged(self, glyphs: tuple[str, ...]) -> _Options:
        scores = self._scores(glyphs, MIN_MERGED_COSINE if any(map(_is_sign, glyphs)) else None)
        return _Options(list(scores), list(scores.values()), LOG_ZERO)

    def _scores(self, glyphs: tuple[str, ...], min_cosine: float | None) -> dict[int, float]:
        """Return candidate codes with their best score; None ignores cosines."""
        book = self.codebook
        plain = tuple(plain_letter(glyph) or glyph for glyph in glyphs)
        found = list(self.channel.letters.get("".join(glyphs), {}).items())
        letters = transliterations("".join(plain))
        if any(plain_letter(glyph) and _is_accented(glyph) for glyph in glyphs):
            letters = {letter: score + ACCENTED for letter, score in letters.items()}
        if plain != glyphs and len(plain) == 1:
            letters = {**letters, plain[0]: 0.0}
        found += [(book.code(x), score) for x, score in letters.items() if book.contains(x)]
        if min_cosine is not None:
            cosines_C = book.cosines(glyphs)
            near = np.flatnonzero(cosines_C >= min_cosine).tolist()
            found += [(code, self.cosine_weight * (float(cosines_C[code]) - 1)) for code in near]
        scores: dict[int, float] = {}
        for code, score in found:
            scores[code] = max(score, scores.get(code, score))
        return scores


def _is_sign(cluster: str) -> bool:
    return unicodedata.category(cluster[0])[0] in "PSC" and not plain_letter(cluster)


def _is_accented(cluster: str) -> bool:
    return unicodedata.normalize("NFD", cluster)[0].isascii()


def _is_letter(cluster: str) -> bool:
    return (plain_letter(cluster) or cluster)[0].isalpha()


def _is_plain(cluster: str) -> bool:
    cluster = plain_letter(cluster) or cluster
    return len(cluster) == 1 and (cluster.isascii() or _is_sign(cluster))
