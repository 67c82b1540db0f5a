"""The likeliest reading of words whose signs are not certain: beam search over candidates.

A noisy channel (Kernighan, Church & Gale 1990, "A spelling correction program based on a noisy
channel model"): what a word says is what makes its letters likely in the language and its pictures
likely for the letters. Each sign may be one of a few symbols, stand for none, or be a part of a
symbol with its neighbours.

Shapes: W words, T signs of the longest, B hypotheses kept, K candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.models.character_model import CharacterModel

LEFT_OUT = -1
"""In place of a symbol: a sign that says nothing by itself."""
NEVER = -1e9
"""Score of what cannot be; finite, so that differences are numbers."""
CROWD = 3
"""Hypotheses looked at for each one that is kept, as several may be in the same state."""


@dataclass(frozen=True)
class Candidates:
    """What signs, or several signs together, may say.

    Attributes:
        symbols: int64 [G, K].
        scores: float32 [G, K], logarithms up to a constant; `NEVER` for none.
    """

    symbols: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class _Hypotheses:
    """The best ones at a place: arrays [W, B]."""

    scores: np.ndarray
    states: np.ndarray
    symbols: np.ndarray
    steps: np.ndarray
    before: np.ndarray


def read_words(
    model: CharacterModel,
    ids_by_length: Sequence[np.ndarray],
    candidates: Sequence[Candidates],
    left_out_WT: np.ndarray,
    *,
    beam: int,
) -> np.ndarray:
    """The best reading of each word.

    Args:
        ids_by_length: for signs alone, for two together and so on, int64 [W, T], which of the
            candidates the signs have that begin here.
        candidates: in the same order.
        left_out_WT: float32 [W, T], scores of leaving a sign out; 0 behind a word's end, where
            there are no candidates.
        beam: number of hypotheses B.

    Returns:
        int64 [W, T], the symbol that begins at each sign, or `LEFT_OUT`.
    """
    num_words, num_signs = left_out_WT.shape
    places = [_beginning(model, num_words, beam)]
    for place in range(1, num_signs + 1):
        parts = [_left_out(places[-1], left_out_WT[:, place - 1])]
        for length, (ids_WT, options) in enumerate(
            zip(ids_by_length, candidates, strict=True), start=1
        ):
            if length <= place:
                ids_W = ids_WT[:, place - length]
                parts.append(_extended(model, places[place - length], options, ids_W, length))
        places.append(_best(parts, beam))
    last = places[-1]
    ends_WB = last.scores + model.log_p_SV[last.states, -1]
    return _traced(places, ends_WB.argmax(axis=1))


def _beginning(model: CharacterModel, num_words: int, beam: int) -> _Hypotheses:
    scores = np.full((num_words, beam), NEVER, dtype=np.float32)
    scores[:, 0] = 0
    whole = np.zeros((num_words, beam), dtype=np.int64)
    return _Hypotheses(scores, np.full_like(whole, model.start), whole, whole, whole)


def _left_out(at: _Hypotheses, scores_W: np.ndarray) -> _Hypotheses:
    before = np.broadcast_to(np.arange(at.scores.shape[1]), at.scores.shape)
    scores_WB = at.scores + scores_W[:, None]
    symbols, steps = np.full_like(at.states, LEFT_OUT), np.ones_like(at.states)
    return _Hypotheses(scores_WB, at.states, symbols, steps, before)


def _extended(
    model: CharacterModel, at: _Hypotheses, options: Candidates, ids_W: np.ndarray, length: int
) -> _Hypotheses:
    symbols_W1K, scores_W1K = options.symbols[ids_W][:, None], options.scores[ids_W][:, None]
    states_WB1 = at.states[:, :, None]
    scores = at.scores[:, :, None] + scores_W1K + model.log_p_SV[states_WB1, symbols_W1K]
    states = model.next_SV[states_WB1, symbols_W1K].astype(np.int64)
    symbols = np.broadcast_to(symbols_W1K, scores.shape)
    before = np.broadcast_to(np.arange(scores.shape[1])[:, None], scores.shape)
    steps = np.full_like(states, length)
    return _Hypotheses(*(_flat(each) for each in (scores, states, symbols, steps, before)))


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)


def _best(parts: Sequence[_Hypotheses], beam: int) -> _Hypotheses:
    """The best ones, of those in the same state only the first: nothing that follows parts them.

    Orders are stable, so that a word's reading does not depend on the words beside it.
    """
    scores = np.concatenate([part.scores for part in parts], axis=1)
    states = np.concatenate([part.states for part in parts], axis=1)
    some = np.argsort(-scores, axis=1, kind="stable")[:, : CROWD * beam]
    states_WC = np.take_along_axis(states, some, axis=1)
    same = states_WC[:, :, None] == states_WC[:, None, :]
    again = np.tril(same, -1).any(axis=2)
    kept = np.argsort(again, axis=1, kind="stable")[:, :beam]
    best = np.take_along_axis(some, kept, axis=1)

    def chosen(name: str) -> np.ndarray:
        joined = np.concatenate([getattr(part, name) for part in parts], axis=1)
        return np.take_along_axis(joined, best, axis=1)

    never = np.float32(NEVER)
    scores = np.where(np.take_along_axis(again, kept, axis=1), never, chosen("scores"))
    return _Hypotheses(scores, *(chosen(n) for n in ("states", "symbols", "steps", "before")))


def _traced(places: Sequence[_Hypotheses], which_W: np.ndarray) -> np.ndarray:
    num_words, num_signs = len(which_W), len(places) - 1
    read_WT = np.full((num_words, num_signs), LEFT_OUT)
    place_W = np.full(num_words, num_signs)
    for place in range(num_signs, 0, -1):
        here = np.flatnonzero(place_W == place)
        at, which = places[place], which_W[here]
        steps = at.steps[here, which]
        read_WT[here, place - steps] = at.symbols[here, which]
        place_W[here] = place - steps
        which_W[here] = at.before[here, which]
    return read_WT
