"""Tests of the language model against an implementation with a dictionary of counts."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.deobfuscation import language_model
from vitrina.deobfuscation.language_model import ROOT, NgramLanguageModel, fit_language_model
from vitrina.text.ngrams import MarkedWords

NUM_SYMBOLS = 4
END = NUM_SYMBOLS
words_of_symbols = st.lists(
    st.lists(st.integers(0, NUM_SYMBOLS - 1), min_size=1, max_size=6), min_size=1, max_size=12
)


def marked(words: list[list[int]]) -> MarkedWords:
    lengths = [len(word) for word in words]
    symbols = np.array([symbol for word in words for symbol in word], dtype=np.int64)
    word_of = np.repeat(np.arange(len(words)), lengths)
    return MarkedWords.of(symbols, word_of, np.zeros_like(word_of), 1)


def model_of(words: list[list[int]], **changes: Any) -> NgramLanguageModel:
    options = {"order": 3, "min_count": 1} | changes
    fitted = fit_language_model(marked(words), NUM_SYMBOLS, **options)
    return NgramLanguageModel(fitted, NUM_SYMBOLS)


def slow_p(words: list[list[int]], context: tuple[Any, ...], symbol: int, min_count: int) -> float:
    """Compute the Witten-Bell interpolation from its definition."""
    after: Counter[int] = Counter()
    for word in words:
        line = ["begin", *word, END]
        for place in range(1, len(line)):
            if place >= len(context) and tuple(line[place - len(context) : place]) == context:
                after[line[place]] += 1
    shorter = slow_p(words, context[1:], symbol, min_count) if context else 1 / (NUM_SYMBOLS + 1)
    if context and after.total() < min_count:
        return shorter
    return (after[symbol] + len(after) * shorter) / (after.total() + len(after))


@settings(max_examples=30)
@given(words_of_symbols, words_of_symbols, st.integers(2, 4), st.integers(1, 3))
def test_probabilities_equal_the_definition(
    words: list[list[int]], queries: list[list[int]], order: int, min_count: int
) -> None:
    model = model_of(words, order=order, min_count=min_count)
    for word in queries:
        state, line = model.start, ["begin", *word]
        for place in range(1, len(line) + 1):
            context = tuple(line[max(place - order + 1, 0) : place])
            for symbol in range(NUM_SYMBOLS + 1):
                expected = slow_p(words, context, symbol, min_count)
                assert model.log_p_SV[state, symbol] == pytest.approx(math.log(expected), abs=1e-4)
            if place < len(line):
                state = int(model.next_SV[state, word[place - 1]])


@settings(max_examples=20)
@given(words_of_symbols)
def test_probabilities_sum_to_one(words: list[list[int]]) -> None:
    model = model_of(words, order=4)
    np.testing.assert_allclose(np.exp(model.log_p_SV).sum(axis=1), 1, rtol=1e-5)
    assert model.next_SV.max() < len(model.log_p_SV)


def test_number_of_states_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [[0, 1, 2, 3]] * 5 + [[3, 2, 1]] * 2 + [[2, 2]]
    whole = model_of(words)
    monkeypatch.setattr(language_model, "MAX_CELLS", 10 * NUM_SYMBOLS)
    fewer = model_of(words)
    assert 1 < len(fewer.log_p_SV) <= 10 < len(whole.log_p_SV)
    frequent = fewer.next_SV[fewer.start, 0]
    assert frequent != ROOT and np.exp(fewer.log_p_SV[frequent, 1]) > 0.5
