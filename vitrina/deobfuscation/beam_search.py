"""Beam search for the most probable symbols of words with uncertain glyphs.

The score is that of a noisy channel (Kernighan, Church & Gale 1990, "A spelling correction program
based on a noisy channel model"): log P(symbols) + log P(glyphs | symbols). Each glyph is one
symbol, is skipped, or forms one symbol together with its neighbors.

Shapes: W words, T glyphs of the longest word, B hypotheses kept, K candidates, C pruned entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.deobfuscation.language_model import NgramLanguageModel

SKIP = -1
"""Marks a glyph at which no symbol begins."""
LOG_ZERO = -1e9
"""Score of impossible events; finite, so that differences are not NaN."""
OVERSAMPLING = 3
"""Hypotheses examined per hypothesis kept, because several may share a state."""


@dataclass(frozen=True)
class Candidates:
    """Candidate symbols of G glyphs or glyph sequences.

    Attributes:
        symbols: int64 [G, K].
        scores: float32 [G, K], log-likelihoods up to a constant; `LOG_ZERO` for padding.
        counts: int64 [G], number of candidates; padding follows them.
    """

    symbols: np.ndarray
    scores: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class BeamResult:
    """The hypotheses of words, not sorted.

    Attributes:
        symbols: int64 [W, B, T], symbol that begins at each glyph, or `SKIP`.
        lengths: int64 [W, B, T], number of glyphs of that symbol; 1 for `SKIP`.
        scores: float32 [W, B], joint log-probabilities of the symbols and the glyphs; at most
            about `LOG_ZERO` for rows without a hypothesis.
    """

    symbols: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class _Hypotheses:
    """The best hypotheses at one position, arrays [W, B].

    Attributes:
        scores: float32.
        states: int64, states of the language model.
        symbols: int64, last symbol, or `SKIP`.
        lengths: int64, number of glyphs of the last symbol.
        parents: int64, index of the extended hypothesis, `lengths` positions earlier.
    """

    scores: np.ndarray
    states: np.ndarray
    symbols: np.ndarray
    lengths: np.ndarray
    parents: np.ndarray

    @classmethod
    def empty(cls, num_words: int, beam: int) -> _Hypotheses:
        columns = [np.zeros((num_words, beam), dtype=np.int64) for _ in range(4)]
        return cls(np.full((num_words, beam), LOG_ZERO, dtype=np.float32), *columns)


@dataclass(frozen=True)
class _Extension:
    """Extensions of `parents` by symbols [W, K] of `length` glyphs, with scores [W, B, K]."""

    parents: _Hypotheses
    length: int
    symbols: np.ndarray
    scores: np.ndarray


def beam_search(
    model: NgramLanguageModel,
    ids_by_length: Sequence[np.ndarray],
    candidates: Sequence[Candidates],
    skip_scores_WT: np.ndarray,
    *,
    beam: int,
) -> BeamResult:
    """Find the most probable symbols of each word.

    Args:
        ids_by_length: per sequence length from 1 glyph on, int64 [W, T], row in `candidates` of
            the sequence that begins at each glyph.
        candidates: per sequence length.
        skip_scores_WT: float32 [W, T], scores of skipping a glyph; 0 in the padding, which has
            no candidates.
        beam: number of hypotheses B.
    """
    num_words, num_glyphs = skip_scores_WT.shape
    first = _Hypotheses.empty(num_words, beam)
    first.scores[:, 0], first.states[:] = 0, model.start
    history = [first]
    counts = [each.counts[ids] for ids, each in zip(ids_by_length, candidates, strict=True)]
    for position in range(1, num_glyphs + 1):
        new = _Hypotheses.empty(num_words, beam)
        skip_W, certain_W = skip_scores_WT[:, position - 1], counts[0][:, position - 1] == 1
        certain_W &= skip_W <= LOG_ZERO
        for length in range(2, min(len(counts), position) + 1):
            certain_W &= counts[length - 1][:, position - length] == 0
        rows = np.flatnonzero(certain_W)
        ids = ids_by_length[0][rows, position - 1]
        _extend_certain(model, history[-1], new, rows, candidates[0], ids)
        rows = np.flatnonzero(~certain_W)
        extensions = []
        for length, ids_WT in enumerate(ids_by_length[:position], start=1):
            ids, options = ids_WT[rows, position - length], candidates[length - 1]
            most = int(options.counts[ids].max(initial=0))
            if most:
                parents = history[position - length]
                extensions.append(_extend(model, parents, rows, options, ids, most, length))
        _prune(model, history[-1], new, rows, skip_W[rows], extensions)
        history.append(new)
    last = history[-1]
    ends_WB = last.scores + model.log_p_SV[last.states, -1]
    symbols, lengths = _backtrace(history, num_words, beam)
    shape = (num_words, beam, num_glyphs)
    return BeamResult(symbols.reshape(shape), lengths.reshape(shape), ends_WB)


def _extend_certain(
    model: NgramLanguageModel,
    parents: _Hypotheses,
    new: _Hypotheses,
    rows: np.ndarray,
    candidates: Candidates,
    ids: np.ndarray,
) -> None:
    """Extend all hypotheses of words whose next glyph has exactly one candidate."""
    states, symbols = parents.states[rows], candidates.symbols[ids, :1]
    scores = candidates.scores[ids, :1] + model.log_p_SV[states, symbols]
    new.scores[rows] = parents.scores[rows] + scores
    new.states[rows] = model.next_SV[states, symbols]
    new.symbols[rows], new.lengths[rows] = symbols, 1
    new.parents[rows] = np.arange(parents.scores.shape[1])


def _extend(
    model: NgramLanguageModel,
    parents: _Hypotheses,
    rows: np.ndarray,
    candidates: Candidates,
    ids: np.ndarray,
    num_candidates: int,
    length: int,
) -> _Extension:
    symbols_WK = candidates.symbols[ids, :num_candidates]
    log_p = model.log_p_SV[parents.states[rows][:, :, None], symbols_WK[:, None]]
    scores = parents.scores[rows][:, :, None] + candidates.scores[ids, None, :num_candidates]
    return _Extension(parents, length, symbols_WK, scores + log_p)


def _prune(
    model: NgramLanguageModel,
    parents: _Hypotheses,
    new: _Hypotheses,
    rows: np.ndarray,
    skip_W: np.ndarray,
    extensions: Sequence[_Extension],
) -> None:
    """Keep the best hypothesis of each state: equal states have the same continuations.

    Sorting is stable, so that the result of a word does not depend on the rest of the batch.
    """
    num_rows, beam = len(rows), parents.scores.shape[1]
    skip_WB = parents.scores[rows] + skip_W[:, None]
    flat = [skip_WB, *(each.scores.reshape(num_rows, -1) for each in extensions)]
    scores = np.concatenate(flat, axis=1)
    best_WC = np.argsort(-scores, axis=1, kind="stable")[:, : OVERSAMPLING * beam]
    found = _Hypotheses.empty(num_rows, best_WC.shape[1])
    found.scores[:] = np.take_along_axis(scores, best_WC, axis=1)
    row_of, column_of = np.nonzero(best_WC < beam)
    which = best_WC[row_of, column_of]
    found.states[row_of, column_of] = parents.states[rows[row_of], which]
    found.symbols[row_of, column_of] = SKIP
    found.lengths[row_of, column_of] = 1
    found.parents[row_of, column_of] = which
    begin = beam
    for extension in extensions:
        num_candidates = extension.symbols.shape[1]
        end = begin + beam * num_candidates
        row_of, column_of = np.nonzero((best_WC >= begin) & (best_WC < end))
        which, candidate = np.divmod(best_WC[row_of, column_of] - begin, num_candidates)
        symbols = extension.symbols[row_of, candidate]
        states = extension.parents.states[rows[row_of], which]
        found.states[row_of, column_of] = model.next_SV[states, symbols]
        found.symbols[row_of, column_of] = symbols
        found.lengths[row_of, column_of] = extension.length
        found.parents[row_of, column_of] = which
        begin = end
    duplicate_WC = _is_duplicate(found.states)
    kept = np.argsort(duplicate_WC, axis=1, kind="stable")[:, :beam]
    kept_scores = np.take_along_axis(found.scores, kept, axis=1)
    dropped = np.take_along_axis(duplicate_WC, kept, axis=1)
    new.scores[rows] = np.where(dropped, np.float32(LOG_ZERO), kept_scores)
    for name in ("states", "symbols", "lengths", "parents"):
        getattr(new, name)[rows] = np.take_along_axis(getattr(found, name), kept, axis=1)


def _is_duplicate(states_WC: np.ndarray) -> np.ndarray:
    """Return bool [W, C], whether an earlier entry of the row equals this one."""
    same = states_WC[:, :, None] == states_WC[:, None, :]
    earlier = np.tri(states_WC.shape[1], k=-1, dtype=bool)
    return (same & earlier).any(axis=2)


def _backtrace(
    history: Sequence[_Hypotheses], num_words: int, beam: int
) -> tuple[np.ndarray, np.ndarray]:
    """Follow all hypotheses back; return symbols and their lengths, both [W * B, T]."""
    num_glyphs = len(history) - 1
    word_of, which_of = np.divmod(np.arange(num_words * beam), beam)
    symbols = np.full((num_words * beam, num_glyphs), SKIP)
    lengths = np.ones_like(symbols)
    position_of = np.full(num_words * beam, num_glyphs)
    for position in range(num_glyphs, 0, -1):
        rows = np.flatnonzero(position_of == position)
        hypotheses, at = history[position], (word_of[rows], which_of[rows])
        spans = hypotheses.lengths[at].clip(min=1)
        symbols[rows, position - spans] = hypotheses.symbols[at]
        lengths[rows, position - spans] = spans
        position_of[rows] = position - spans
        which_of[rows] = hypotheses.parents[at]
    return symbols, lengths
