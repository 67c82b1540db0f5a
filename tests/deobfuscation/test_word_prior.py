"""Tests of the prior of words."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.deobfuscation.test_language_model import marked
from vitrina.deobfuscation.deletion_index import DeletionIndex, fit_deletion_index
from vitrina.deobfuscation.language_model import NgramLanguageModel, fit_language_model
from vitrina.deobfuscation.word_prior import DISCOUNT, WordPrior

Word = list[int]
words_of = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=5), min_size=1, max_size=12)


def prior_of(known: list[Word], is_letter: np.ndarray, order: int = 3) -> WordPrior:
    words, num_codes = marked(known), len(is_letter)
    model = fit_language_model(words, num_codes, order=order, min_count=1)
    index = DeletionIndex(fit_deletion_index(words, is_letter))
    return WordPrior(NgramLanguageModel(model, num_codes), index)


def slow_log_p(prior: WordPrior, known: list[Word], word: Word) -> float:
    """Return the log-probability of a word; all codes of `known` must be letters."""
    letters = [each for each in known if all(code < 6 for code in each)]
    counts = Counter(map(tuple, letters))
    state, log_p = prior.model.start, 0.0
    for code in word:
        log_p += float(prior.model.log_p_SV[state, code])
        state = prior.model.next_SV[state, code]
    log_p += float(prior.model.log_p_SV[state, -1])
    p = np.exp(log_p) * (DISCOUNT * len(counts) / counts.total() if counts else 1.0)
    if tuple(word) in counts:
        p += (counts[tuple(word)] - DISCOUNT) / counts.total()
    return float(np.log(p))


@given(words_of, words_of)
def test_equals_the_mixture_word_by_word(known: list[Word], words: list[Word]) -> None:
    prior = prior_of(known, np.ones(4, dtype=bool))
    codes = np.array([code for word in words for code in word])
    begins = np.cumsum([0, *(len(word) for word in words)])
    found = prior.log_p_of(codes, begins[:-1])
    expected = [slow_log_p(prior, known, word) for word in words]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    only_known = prior.log_known(codes, begins[:-1], begins[1:])
    assert (np.isfinite(only_known) == [word in known for word in words]).all()
    assert (only_known <= found + 1e-5).all()


def test_known_words_and_unknown_words_share_one_distribution() -> None:
    known = [[0, 1], [0, 1], [1, 0, 1], [0]]
    prior = prior_of(known, np.ones(2, dtype=bool))
    lengths = range(1, 15)
    total = 0.0
    for length in lengths:  # all words of two codes, up to a length that is hardly ever reached
        rows = np.array(np.meshgrid(*[[0, 1]] * length)).reshape(length, -1).T
        total += float(np.exp(prior.log_p(rows, np.ones_like(rows, dtype=bool))).sum())
    assert 0.9 < total <= 1.0


def test_without_known_words() -> None:
    prior = prior_of([[6]], np.arange(7) != 6)
    assert np.isfinite(prior.log_p_of(np.array([0, 1]), np.array([0]))).all()
    assert np.isneginf(prior.log_known(np.array([0, 1]), np.array([0]), np.array([2]))).all()
