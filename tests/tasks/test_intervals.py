from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.tasks import intervals as intervals_module
from vitrina.tasks.intervals import (
    INTERVAL_METRICS,
    intervals,
    weighted_scores,
    wilson_interval,
)
from vitrina.tasks.metrics import Predictions, decide, score


def sample_of(
    num_texts: int, num_classes: int, seed: int, decimals: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, num_classes, num_texts)
    logits = random.normal(size=(num_texts, num_classes)) + 1.2 * np.eye(num_classes)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels, np.round(probabilities, decimals)


@settings(max_examples=60)
@given(
    num_texts=st.integers(1, 25),
    num_classes=st.integers(2, 4),
    decimals=st.sampled_from([0, 1, 8]),  # few decimals give ties
    seed=st.integers(0, 10_000),
)
def test_weighted_scores_equal_scikit_learn_on_the_resample(
    num_texts: int, num_classes: int, decimals: int, seed: int
) -> None:
    labels, probabilities = sample_of(num_texts, num_classes, seed, decimals)
    positive = seed % 2
    drawn = np.random.default_rng(seed).integers(0, num_texts, size=(4, num_texts))
    weights = np.stack([np.bincount(row, minlength=num_texts) for row in drawn])
    found = weighted_scores(decide(labels, probabilities, positive), weights.astype(np.float32))
    for index, row in enumerate(drawn):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = score(decide(labels[row], probabilities[row], positive))
        for name in INTERVAL_METRICS:
            assert found[name][index] == pytest.approx(expected[name], nan_ok=True), name


@settings(max_examples=20)
@given(
    num_texts=st.integers(1, 20),
    num_labels=st.integers(1, 4),
    decimals=st.sampled_from([0, 1, 8]),
    seed=st.integers(0, 10_000),
)
def test_weighted_scores_of_label_sets_equal_scikit_learn_on_the_resample(
    num_texts: int, num_labels: int, decimals: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    occurs = random.random((num_texts, num_labels)) < 0.3
    probabilities = np.round(random.random(occurs.shape), decimals)
    given = (occurs, probabilities >= 0.5, probabilities)
    drawn = random.integers(0, num_texts, size=(3, num_texts))
    weights = np.stack([np.bincount(row, minlength=num_texts) for row in drawn])
    found = weighted_scores(Predictions(*given, range(num_labels)), weights.astype(np.float32))
    for index, row in enumerate(drawn):
        expected = score(Predictions(*(each[row] for each in given), range(num_labels)))
        for name in INTERVAL_METRICS:
            assert found[name][index] == pytest.approx(expected[name], nan_ok=True), name


def test_intervals_contain_the_score_and_are_deterministic() -> None:
    labels, probabilities = sample_of(400, 2, seed=1)
    scores = score(decide(labels, probabilities, 1))
    found = intervals(decide(labels, probabilities, 1), resamples=400, seed=3)
    assert set(found) == set(INTERVAL_METRICS)
    for name, (low, high) in found.items():
        assert low < scores[name] < high, name
    assert intervals(decide(labels, probabilities, 1), resamples=400, seed=3) == found
    assert intervals(decide(labels, probabilities, 1), resamples=400, seed=4) != found


def test_intervals_do_not_depend_on_the_chunk_size(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probabilities = sample_of(300, 3, seed=2)
    whole = intervals(decide(labels, probabilities), resamples=150, seed=1)
    monkeypatch.setattr(intervals_module, "MAX_WEIGHTS", 300 * 7)
    parts = intervals(decide(labels, probabilities), resamples=150, seed=1)
    for name in INTERVAL_METRICS:
        assert parts[name] == pytest.approx(whole[name]), name


def test_intervals_cover_the_true_score() -> None:
    """About 95 % of the 95 % intervals of many samples contain the score of the population."""
    labels, probabilities = sample_of(200_000, 2, seed=5)
    truth = score(decide(labels, probabilities, 1))
    random = np.random.default_rng(6)
    covered = dict.fromkeys(INTERVAL_METRICS, 0)
    repeats = 200
    for repeat in range(repeats):
        sample = random.integers(0, len(labels), 150)
        found = intervals(
            decide(labels[sample], probabilities[sample], 1), resamples=300, seed=repeat
        )
        for name, (low, high) in found.items():
            covered[name] += low <= truth[name] <= high
    for name, times in covered.items():
        assert 0.90 <= times / repeats <= 0.995, (name, times / repeats)


def test_bca_intervals_equal_the_published_ones() -> None:
    """Variance of the spatial test data, Efron and Tibshirani 1993, tables 14.1 and 14.2."""
    data = np.array(
        [
            *(48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6),
            *(0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41),
        ],
        dtype=np.float64,
    )
    random = np.random.default_rng(7)
    resampled = data[random.integers(0, 26, size=(20_000, 26))].var(axis=1)
    left_out = np.array([np.delete(data, index).var() for index in range(26)])
    low, high = intervals_module._bca(float(data.var()), resampled, left_out, 0.90)
    assert (low, high) == (pytest.approx(115.8, abs=3), pytest.approx(259.6, abs=4))
    assert intervals_module._acceleration(left_out) == pytest.approx(0.061, abs=0.001)


def test_degenerate_intervals_are_nan_or_points() -> None:
    ones = np.ones(30, dtype=np.int64)
    probabilities = np.tile([0.2, 0.8], (30, 1))
    found = intervals(decide(ones, probabilities, 1), resamples=100, seed=0)
    assert np.isnan(found["roc_auc"]).all()
    assert found["accuracy"] == (1.0, 1.0)
    empty = intervals(decide(ones[:0], probabilities[:0], 1), resamples=100, seed=0)
    assert np.isnan(list(empty.values())).all()


def test_wilson_interval() -> None:
    low, high = wilson_interval(8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert wilson_interval(0, 10)[0] == 0 and wilson_interval(10, 10)[1] == pytest.approx(1)
