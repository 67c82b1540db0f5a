"""Beam search for the most probable symbols of words with uncertain glyphs.

The score is that of a noisy channel (Kernighan, Church & Gale 1990, "A spelling correction program
based on a noisy channel model"): log P(symbols) + log P(glyphs | symbols). Each glyph is one
symbol, is skipped, or forms one symbol together with its neighbors. The n-gram model guides the
search; the prior of words (`vitrina.deobfuscation.word_prior`) chooses among what it found.

The search is compiled by Numba and releases the interpreter lock.

Shapes: N glyphs, W words, G rows of candidates, C candidates, L glyphs of the longest sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.compiled import compiled
from vitrina.deobfuscation.word_prior import WordPrior
from vitrina.text.batch import offsets_of
from vitrina.text.ngrams import BASE

SKIP = -1
"""Marks a glyph at which no symbol begins."""
LOG_ZERO = -1e9
"""Score of impossible events; finite, so that differences are not NaN."""

_BASE = np.uint64(BASE)


@dataclass(frozen=True)
class Candidates:
    """Candidate symbols of G glyphs or glyph sequences.

    Attributes:
        symbols: int64 [C], those of each row in turn.
        scores: float32 [C], log-likelihoods up to a constant.
        offsets: int64 [G + 1]; row `g` has the candidates `offsets[g]:offsets[g + 1]`.
    """

    symbols: np.ndarray
    scores: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[tuple[Sequence[int], Sequence[float]]]) -> Candidates:
        """Return the candidates of rows of symbols and their scores."""
        symbols = [symbol for row, _ in rows for symbol in row]
        scores = [score for _, row in rows for score in row]
        return cls(
            np.array(symbols, dtype=np.int64),
            np.array(scores, dtype=np.float32),
            offsets_of([len(row) for row, _ in rows]),
        )


@dataclass(frozen=True)
class FoundSymbols:
    """The most probable symbols of words.

    Attributes:
        symbols: int64 [N], symbol that begins at each glyph, or `SKIP`.
        lengths: int64 [N], number of glyphs of that symbol; 1 for `SKIP`.
        scores: float32 [W], joint log-probabilities of the symbols and the glyphs.
    """

    symbols: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray


def beam_search(
    prior: WordPrior,
    offsets_W: np.ndarray,
    rows_LN: np.ndarray,
    candidates: Candidates,
    skip_scores_N: np.ndarray,
    *,
    beam: int,
) -> FoundSymbols:
    """Find the most probable symbols of each word.

    Args:
        prior: prior of words.
        offsets_W: int64 [W + 1], first glyph of each word.
        rows_LN: int64, row in `candidates` of the sequence of 1, 2, … glyphs that begins at each
            glyph, or -1. A sequence must not cross the end of its word.
        skip_scores_N: float32, scores of skipping a glyph; `LOG_ZERO` if it cannot be skipped.
        beam: number of hypotheses kept, which differ in their symbols.
    """
    symbols = np.full(len(skip_scores_N), SKIP, dtype=np.int64)
    lengths = np.ones(len(skip_scores_N), dtype=np.int64)
    scores = np.zeros(len(offsets_W) - 1, dtype=np.float32)
    model = prior.model
    _search(
        offsets_W, rows_LN, candidates.symbols, candidates.scores, candidates.offsets,
        skip_scores_N, model.log_p_SV, model.next_SV, model.start,
        prior.known.hashes, prior.log_known_K, prior.log_unknown, beam,
        symbols, lengths, scores,
    )  # fmt: skip
    return FoundSymbols(symbols, lengths, scores)


@compiled
def _search(
    offsets_W, rows_LN, symbols_C, scores_C, offsets_G, skip_N, log_p_SV, next_SV, start,
    hashes_K, log_known_K, log_unknown, beam, symbols_N, lengths_N, scores_W,
):  # fmt: skip
    """Fill `symbols_N`, `lengths_N` and `scores_W` with the results of `beam_search`."""
    longest = 0
    for word in range(len(offsets_W) - 1):
        longest = max(longest, offsets_W[word + 1] - offsets_W[word])
    shape = (longest + 1, beam)
    score = np.zeros(shape, dtype=np.float64)
    log_p = np.zeros(shape, dtype=np.float64)  # the part of the score that the model gave
    state = np.zeros(shape, dtype=np.int64)
    digest = np.zeros(shape, dtype=np.uint64)  # hash of the symbols so far
    power = np.zeros(shape, dtype=np.uint64)  # factor of the next symbol in it
    symbol = np.zeros(shape, dtype=np.int64)
    span = np.zeros(shape, dtype=np.int64)
    parent = np.zeros(shape, dtype=np.int64)
    size = np.zeros(longest + 1, dtype=np.int64)
    for word in range(len(offsets_W) - 1):
        begin, end = offsets_W[word], offsets_W[word + 1]
        size[0], state[0, 0], power[0, 0] = 1, start, _BASE ** np.uint64(0)
        for place in range(1, end - begin + 1):
            size[place] = 0
            lowest = 0  # index of the worst hypothesis once the beam is full
            for count in range(rows_LN.shape[0] + 1):  # 0: skip the glyph
                before = place - max(count, 1)
                if before < 0:
                    continue
                if count == 0:
                    first, last = 0, 1
                    if skip_N[begin + before] <= LOG_ZERO:
                        continue
                else:
                    row = rows_LN[count - 1, begin + before]
                    if row < 0:
                        continue
                    first, last = offsets_G[row], offsets_G[row + 1]
                for h in range(size[before]):
                    for c in range(first, last):
                        if count == 0:
                            new, gain, prob = SKIP, float(skip_N[begin + before]), 0.0
                            key = digest[before, h]
                        else:
                            new, gain = symbols_C[c], float(scores_C[c])
                            prob = float(log_p_SV[state[before, h], new])
                            key = digest[before, h] + np.uint64(new + 1) * power[before, h]
                        total = score[before, h] + gain + prob
                        full = size[place] == beam
                        if full and total <= score[place, lowest]:
                            continue
                        at = -1
                        for other in range(size[place]):
                            if digest[place, other] == key:
                                at = other
                                break
                        if at >= 0:
                            if total <= score[place, at]:
                                continue
                        elif full:
                            at = lowest
                        else:
                            at = size[place]
                            size[place] += 1
                        score[place, at] = total
                        log_p[place, at] = log_p[before, h] + prob
                        digest[place, at] = key
                        symbol[place, at] = new
                        span[place, at] = max(count, 1)
                        parent[place, at] = h
                        if count == 0:
                            state[place, at] = state[before, h]
                            power[place, at] = power[before, h]
                        else:
                            state[place, at] = next_SV[state[before, h], new]
                            power[place, at] = power[before, h] * _BASE
                        if size[place] == beam:
                            lowest = 0
                            for other in range(1, beam):
                                if score[place, other] < score[place, lowest]:
                                    lowest = other
        place, best, found = end - begin, -1, 0.0
        for h in range(size[place]):
            last_p = float(log_p_SV[state[place, h], log_p_SV.shape[1] - 1])
            own = log_p[place, h] + last_p + log_unknown
            at = np.searchsorted(hashes_K, digest[place, h])
            if at < len(hashes_K) and hashes_K[at] == digest[place, h]:
                own = np.logaddexp(own, float(log_known_K[at]))
            total = score[place, h] - log_p[place, h] + own
            if best < 0 or total > found:
                best, found = h, total
        scores_W[word] = found if best >= 0 else LOG_ZERO
        while place > 0 and best >= 0:
            length = span[place, best]
            symbols_N[begin + place - length] = symbol[place, best]
            lengths_N[begin + place - length] = length
            best, place = parent[place, best], place - length
