"""Smoothed n-gram language model of the symbols within words, compiled into an automaton.

Contexts have up to `order` - 1 symbols. Their distributions are interpolated with that of the next
shorter context by the weights of Witten & Bell 1991, "The zero-frequency problem" (see Chen &
Goodman 1999, "An empirical study of smoothing techniques for language modeling"). Each context is a
state, so that a step is one table look-up by state and symbol for any number of words at once.

Shapes: S states, V symbols (index V is the end of a word), P positions of words with their marks,
C counted pairs of a state and the next symbol.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from vitrina.state import FittedState
from vitrina.text.ngrams import BEGIN, END, MarkedWords

ROOT = 0
"""State of the empty context."""
MAX_CELLS = 1 << 24
"""Maximum of states times symbols; the tables take 8 bytes per cell, 0.13 GB."""


def fit_language_model(
    words: MarkedWords, num_symbols: int, *, order: int, min_count: int
) -> FittedState:
    """Count n-grams; double `min_count` until the tables have at most `MAX_CELLS` cells.

    Args:
        words: words of symbols below `num_symbols`.
        num_symbols: number of symbols V.
        order: length of the longest n-grams, at least 2.
        min_count: minimum number of occurrences of a context.

    Returns:
        `suffixes` int32 [S], state of each context without its first symbol, shorter contexts
        first; `sizes` int64 [order], number of states per context length; `states`, `symbols`,
        `counts` and `targets` int32 [C], number of occurrences of each symbol after each state, and
        the state of the joint context or -1; `start`, the state at the beginning of a word.
    """
    assert order >= 2, order
    while True:
        model = _counted(words, num_symbols, order, min_count)
        if len(model.arrays["suffixes"]) * num_symbols <= MAX_CELLS or min_count > len(words.line):
            return model
        min_count *= 2


def _counted(words: MarkedWords, num_symbols: int, order: int, min_count: int) -> FittedState:
    line = words.line.astype(np.int64)
    line[line == END] = num_symbols
    line[line == BEGIN] = num_symbols + 1
    inside = words.places_in_words()
    contexts, suffixes = [np.where(inside >= 1, ROOT, -1)], [np.zeros(1, dtype=np.int64)]
    num_states = 1
    for length in range(1, order):
        shorter_P, longer_P = contexts[-1], np.full(len(line), -1)
        places = np.flatnonzero((shorter_P >= 0) & (inside >= length))
        keys = shorter_P[places] * (num_symbols + 2) + line[places - length]
        distinct, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
        kept = counts >= min_count
        numbers = np.where(kept, num_states + np.cumsum(kept) - 1, -1)
        longer_P[places] = numbers[which]
        contexts.append(longer_P)
        suffixes.append(distinct[kept] // (num_symbols + 2))
        num_states += int(kept.sum())
    pairs = [_pairs(line, contexts, length, num_symbols) for length in range(order)]
    states, symbols, counts, targets = (np.concatenate(part) for part in zip(*pairs, strict=True))
    begins = contexts[1][words.offsets[:-1] + 1]
    arrays = {
        "suffixes": np.concatenate(suffixes),
        "states": states,
        "symbols": symbols,
        "counts": counts,
        "targets": targets,
        "start": np.array([max(int(begins[0]), ROOT) if len(begins) else ROOT]),
    }
    whole = {name: array.astype(np.int32) for name, array in arrays.items()}
    return FittedState({**whole, "sizes": np.array([len(part) for part in suffixes])})


def _pairs(
    line: np.ndarray, contexts: list[np.ndarray], length: int, num_symbols: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Count the symbols after the states of one length: states, symbols, counts, targets."""
    places = np.flatnonzero(contexts[length] >= 0)
    keys = contexts[length][places] * (num_symbols + 1) + line[places]
    distinct, first, counts = np.unique(keys, return_index=True, return_counts=True)
    symbols = distinct % (num_symbols + 1)
    targets = np.full(len(distinct), -1)
    if length + 1 < len(contexts):
        continues = symbols < num_symbols
        targets[continues] = contexts[length + 1][places[first[continues]] + 1]
    return distinct // (num_symbols + 1), symbols, counts, targets


class NgramLanguageModel:
    """N-gram language model as an automaton.

    Args:
        fitted: the result of `fit_language_model`.
        num_symbols: number of symbols V.

    Attributes:
        start: state at the beginning of a word.
        log_p_SV: float32 [S, V + 1], log-probabilities of the next symbol; the end of the word
            is last.
        next_SV: int32 [S, V], state after a symbol.
    """

    def __init__(self, fitted: FittedState, num_symbols: int) -> None:
        arrays = fitted.arrays
        suffixes, bounds = arrays["suffixes"], np.cumsum(arrays["sizes"])
        states, symbols = arrays["states"], arrays["symbols"]
        p_SV = np.zeros((len(suffixes), num_symbols + 1), dtype=np.float32)
        p_SV[states, symbols] = arrays["counts"]
        kinds_S1 = np.count_nonzero(p_SV, axis=1)[:, None].astype(np.float32)
        total_S1 = p_SV.sum(axis=1, keepdims=True) + kinds_S1
        p_SV[ROOT] += kinds_S1[ROOT] / (num_symbols + 1)
        p_SV[ROOT] /= total_S1[ROOT]
        self.next_SV = np.zeros((len(suffixes), num_symbols), dtype=np.int32)
        known = arrays["targets"] >= 0
        at, by, to = states[known], symbols[known], arrays["targets"][known]
        self.next_SV[at[at == ROOT], by[at == ROOT]] = to[at == ROOT]
        for begin, end in pairwise(bounds.tolist()):
            longer, shorter = slice(begin, end), suffixes[begin:end]
            p_SV[longer] += kinds_S1[longer] * p_SV[shorter]
            p_SV[longer] /= total_S1[longer]
            self.next_SV[longer] = self.next_SV[shorter]
            here = (at >= begin) & (at < end)
            self.next_SV[at[here], by[here]] = to[here]
        self.log_p_SV = np.log(p_SV, out=p_SV)
        self.start = int(arrays["start"][0])

    def log_p(self, symbols_WL: np.ndarray, inside_WL: np.ndarray) -> np.ndarray:
        """Return float32 [W], log-probabilities of words.

        Args:
            symbols_WL: symbols of each word, padded.
            inside_WL: bool, False for padding.
        """
        states_W = np.full(len(symbols_WL), self.start)
        log_p_W = np.zeros(len(symbols_WL), dtype=np.float32)
        for symbols_W, inside_W in zip(symbols_WL.T, inside_WL.T, strict=True):
            rows = np.flatnonzero(inside_W)
            states, symbols = states_W[rows], symbols_W[rows]
            log_p_W[rows] += self.log_p_SV[states, symbols]
            states_W[rows] = self.next_SV[states, symbols]
        return log_p_W + self.log_p_SV[states_W, -1]
