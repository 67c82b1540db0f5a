"""Beam search for the likeliest symbols of words whose glyphs are uncertain.

A noisy channel (Kernighan, Church & Gale 1990, "A spelling correction program based on a noisy
channel model"): the best symbols are likely in the language, and their glyphs are likely for them.
Each glyph is one of a few symbols, is skipped, or is a part of a symbol with its neighbors.

Shapes: W words, T glyphs of the longest, B hypotheses kept, K candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.deobfuscation.language_model import NgramLanguageModel

SKIP = -1
"""In place of a symbol: a glyph that no symbol begins with."""
LOG_ZERO = -1e9
"""Score of the impossible; finite, so that differences are numbers."""
CROWD = 3
"""Hypotheses looked at for each one that is kept, as several may be in the same state."""


@dataclass(frozen=True)
class Candidates:
    """What glyphs, or several glyphs together, may mean.

    Attributes:
        symbols: int64 [G, K].
        scores: float32 [G, K], logarithms up to a constant, `LOG_ZERO` for none.
        counts: int64 [G], how many there are; they come before those that are none.
    """

    symbols: np.ndarray
    scores: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class BeamResult:
    """The best symbols of words.

    Attributes:
        symbols: int64 [W, T], the symbol that begins at each glyph, or `SKIP`.
        lengths: int64 [W, T], glyphs of that symbol; 1 where there is none.
        scores: float32 [W], logarithms of the probabilities of the words and their glyphs.
    """

    symbols: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class _Hypotheses:
    """The best ones at a place: arrays [W, B].

    Attributes:
        scores: float32.
        states: int64, of the language model.
        symbols: int64, what was read last, or `SKIP`.
        steps: int64, signs that it took.
        before: int64, which of the hypotheses that many places before goes on here.
    """

    scores: np.ndarray
    states: np.ndarray
    symbols: np.ndarray
    steps: np.ndarray
    before: np.ndarray

    @classmethod
    def empty(cls, num_words: int, beam: int) -> _Hypotheses:
        whole = [np.zeros((num_words, beam), dtype=np.int64) for _ in range(4)]
        return cls(np.full((num_words, beam), LOG_ZERO, dtype=np.float32), *whole)


@dataclass(frozen=True)
class _Extension:
    """One way to come to a place, for some words: `length` signs are read as one symbol.

    Attributes:
        at: the hypotheses that go on.
        symbols: int64 [W, K]. scores: float32 [W, B, K].
    """

    at: _Hypotheses
    length: int
    symbols: np.ndarray
    scores: np.ndarray


def beam_search(
    model: NgramLanguageModel,
    ids_by_length: Sequence[np.ndarray],
    candidates: Sequence[Candidates],
    left_out_WT: np.ndarray,
    *,
    beam: int,
) -> BeamResult:
    """Find the best symbols of each word.

    Args:
        ids_by_length: for glyphs alone, for two together and so on, int64 [W, T], which of the
            candidates the glyphs have that begin here.
        candidates: in the same order.
        left_out_WT: float32 [W, T], scores of skipping a glyph; 0 behind a word's end, where
            there are no candidates.
        beam: number of hypotheses B.
    """
    num_words, num_signs = left_out_WT.shape
    first = _Hypotheses.empty(num_words, beam)
    first.scores[:, 0], first.states[:] = 0, model.start
    places = [first]
    counts = [each.counts[ids] for ids, each in zip(ids_by_length, candidates, strict=True)]
    for place in range(1, num_signs + 1):
        at = _Hypotheses.empty(num_words, beam)
        left_out_W, sure_W = left_out_WT[:, place - 1], counts[0][:, place - 1] == 1
        sure_W &= left_out_W <= LOG_ZERO
        for length in range(2, min(len(counts), place) + 1):
            sure_W &= counts[length - 1][:, place - length] == 0
        rows = np.flatnonzero(sure_W)
        _read_on(model, places[-1], at, rows, candidates[0], ids_by_length[0][rows, place - 1])
        rows = np.flatnonzero(~sure_W)
        parts = []
        for length, ids_WT in enumerate(ids_by_length[:place], start=1):
            ids = ids_WT[rows, place - length]
            some = int(candidates[length - 1].counts[ids].max(initial=0))
            if some:
                before = places[place - length]
                parts.append(_part(model, before, rows, candidates[length - 1], ids, some, length))
        _choose(model, places[-1], at, rows, left_out_W[rows], parts)
        places.append(at)
    last = places[-1]
    ends_WB = last.scores + model.log_p_SV[last.states, -1]
    best_W = ends_WB.argmax(axis=1)
    return BeamResult(*_traced(places, best_W.copy()), ends_WB[np.arange(num_words), best_W])


def _read_on(
    model: NgramLanguageModel,
    before: _Hypotheses,
    at: _Hypotheses,
    rows: np.ndarray,
    candidates: Candidates,
    ids: np.ndarray,
) -> None:
    """Words whose next sign has one candidate keep all their hypotheses."""
    states, symbols = before.states[rows], candidates.symbols[ids, :1]
    scores = candidates.scores[ids, :1] + model.log_p_SV[states, symbols]
    at.scores[rows] = before.scores[rows] + scores
    at.states[rows] = model.next_SV[states, symbols]
    at.symbols[rows], at.steps[rows] = symbols, 1
    at.before[rows] = np.arange(before.scores.shape[1])


def _part(
    model: NgramLanguageModel,
    before: _Hypotheses,
    rows: np.ndarray,
    candidates: Candidates,
    ids: np.ndarray,
    num_candidates: int,
    length: int,
) -> _Extension:
    symbols_WK = candidates.symbols[ids, :num_candidates]
    of_states = model.log_p_SV[before.states[rows][:, :, None], symbols_WK[:, None]]
    scores = before.scores[rows][:, :, None] + candidates.scores[ids, None, :num_candidates]
    return _Extension(before, length, symbols_WK, scores + of_states)


def _choose(
    model: NgramLanguageModel,
    before: _Hypotheses,
    at: _Hypotheses,
    rows: np.ndarray,
    left_out_W: np.ndarray,
    parts: Sequence[_Extension],
) -> None:
    """The best hypotheses, of those in the same state only the first: nothing that follows parts
    them.

    Orders are stable, so that a word's reading does not depend on the words beside it.
    """
    num_rows, beam = len(rows), before.scores.shape[1]
    left_out_WB = before.scores[rows] + left_out_W[:, None]
    flat = [left_out_WB, *(part.scores.reshape(num_rows, -1) for part in parts)]
    scores = np.concatenate(flat, axis=1)
    some_WC = np.argsort(-scores, axis=1, kind="stable")[:, : CROWD * beam]
    found = _Hypotheses.empty(num_rows, some_WC.shape[1])
    found.scores[:] = np.take_along_axis(scores, some_WC, axis=1)
    row_of, column_of = np.nonzero(some_WC < beam)
    which = some_WC[row_of, column_of]
    found.states[row_of, column_of] = before.states[rows[row_of], which]
    found.symbols[row_of, column_of] = SKIP
    found.steps[row_of, column_of] = 1
    found.before[row_of, column_of] = which
    begin = beam
    for part in parts:
        num_candidates = part.symbols.shape[1]
        end = begin + beam * num_candidates
        row_of, column_of = np.nonzero((some_WC >= begin) & (some_WC < end))
        which, candidate = np.divmod(some_WC[row_of, column_of] - begin, num_candidates)
        symbols = part.symbols[row_of, candidate]
        states = part.at.states[rows[row_of], which]
        found.states[row_of, column_of] = model.next_SV[states, symbols]
        found.symbols[row_of, column_of] = symbols
        found.steps[row_of, column_of] = part.length
        found.before[row_of, column_of] = which
        begin = end
    again_WC = _seen_before(found.states)
    kept = np.argsort(again_WC, axis=1, kind="stable")[:, :beam]
    kept_scores = np.take_along_axis(found.scores, kept, axis=1)
    never = np.take_along_axis(again_WC, kept, axis=1)
    at.scores[rows] = np.where(never, np.float32(LOG_ZERO), kept_scores)
    for name in ("states", "symbols", "steps", "before"):
        getattr(at, name)[rows] = np.take_along_axis(getattr(found, name), kept, axis=1)


def _seen_before(states_WC: np.ndarray) -> np.ndarray:
    """Whether an entry of a row stands in it before."""
    same = states_WC[:, :, None] == states_WC[:, None, :]
    earlier = np.tri(states_WC.shape[1], k=-1, dtype=bool)
    return (same & earlier).any(axis=2)


def _traced(places: Sequence[_Hypotheses], which_W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Follow the best hypotheses back: symbols and their lengths, both [W, T]."""
    num_words, num_signs = len(which_W), len(places) - 1
    read_WT = np.full((num_words, num_signs), SKIP)
    lengths_WT = np.ones_like(read_WT)
    place_W = np.full(num_words, num_signs)
    for place in range(num_signs, 0, -1):
        here = np.flatnonzero(place_W == place)
        at, which = places[place], which_W[here]
        steps = at.steps[here, which]
        read_WT[here, place - steps] = at.symbols[here, which]
        lengths_WT[here, place - steps] = steps
        place_W[here] = place - steps
        which_W[here] = at.before[here, which]
    return read_WT, lengths_WT
