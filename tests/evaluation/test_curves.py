"""Calibration and summaries of noise curves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from vitrina.evaluation.curves import (
    RESAMPLED,
    area,
    curve_scores,
    false_alarms,
    half_degradation,
    resampled_curve_scores,
    worst_of_k,
    worst_predictions,
)
from vitrina.tasks.calibration import brier_score, calibration, calibration_error
from vitrina.tasks.metrics import Predictions, decide


def slow_error(occurs: list[bool], probability: list[float], num_bins: int) -> float:
    """Equal-mass bins by loops; texts of equal probability share the mean of their labels."""
    order = sorted(range(len(occurs)), key=lambda i: probability[i])
    sizes = [len(occurs) // num_bins + (n < len(occurs) % num_bins) for n in range(num_bins)]
    total, start = 0.0, 0
    for size in sizes:
        gap = 0.0
        for i in order[start : start + size]:
            equal = [occurs[j] for j in order if probability[j] == probability[i]]
            gap += sum(equal) / len(equal) - probability[i]
        total += abs(gap)
        start += size
    return total / len(occurs)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=60))
def test_calibration_error_matches_definition(rows: list[tuple[bool, int]]) -> None:
    occurs = [occurs for occurs, _ in rows]
    probability = [eighths / 8 for _, eighths in rows]
    for num_bins in (1, 4, 15):
        found = calibration_error(np.array(occurs), np.array(probability), num_bins)
        assert found == pytest.approx(slow_error(occurs, probability, num_bins), abs=1e-12)
    shuffled = np.random.default_rng(0).permutation(len(rows))
    assert calibration_error(
        np.array(occurs)[shuffled], np.array(probability)[shuffled]
    ) == pytest.approx(calibration_error(np.array(occurs), np.array(probability)), abs=1e-12)


def test_calibration_error_detects_overconfidence() -> None:
    generator = np.random.default_rng(0)
    probability = generator.uniform(size=20_000)
    occurs = generator.uniform(size=20_000) < probability
    assert calibration_error(occurs, probability) < 0.015
    assert calibration_error(occurs, (probability > 0.5).astype(float)) == pytest.approx(
        0.25, abs=0.02
    )
    assert brier_score(occurs, probability) == pytest.approx(brier_score_loss(occurs, probability))
    assert math.isnan(calibration_error(occurs[:0], probability[:0]))


def make_predictions(seed: int, num_texts: int = 40, num_classes: int = 2) -> Predictions:
    generator = np.random.default_rng(seed)
    labels = np.random.default_rng(99).integers(num_classes, size=num_texts)
    return decide(labels, generator.dirichlet(np.ones(num_classes), size=num_texts))


@pytest.mark.parametrize("num_classes", [2, 4])
def test_weighted_scores_equal_scores_of_resample(num_classes: int) -> None:
    noisy, clean = (make_predictions(seed, num_classes=num_classes) for seed in (1, 2))
    drawn = np.random.default_rng(3).integers(40, size=(5, 40))
    weights = np.stack([np.bincount(row, minlength=40) for row in drawn]).astype(np.float32)
    found = resampled_curve_scores(noisy, clean, weights)
    for n, row in enumerate(drawn):
        some = [
            Predictions(d.occurs[row], d.chosen[row], d.probabilities[row], d.reported)
            for d in (noisy, clean)
        ]
        expected = curve_scores(*some)
        for name in RESAMPLED:
            assert found[name][n] == pytest.approx(expected[name], abs=1e-6), name


def test_worst_case_requires_all_draws_to_be_correct() -> None:
    draws = [make_predictions(seed) for seed in range(3)]
    positive = draws[0].reported[0]
    right = np.all(
        [
            draw.chosen.argmax(axis=1) == draw.occurs.argmax(axis=1) for draw in draws
        ],
        axis=0,
    )  # fmt: skip
    worst = worst_of_k(draws)
    assert worst["accuracy"] == pytest.approx(right.mean())
    toxic = draws[0].occurs[:, positive]
    assert worst["recall"] == pytest.approx(right[toxic].mean())
    assert worst_of_k(draws[:1])["f1"] == curve_scores(draws[0], draws[0])["f1"]
    assert worst_predictions(draws).reported == draws[0].reported


def test_false_alarms_are_share_of_benign_texts() -> None:
    labels = np.array([0, 0, 0, 0, 1])
    predicted = np.array([1, 0, 0, 0, 1])
    assert false_alarms(decide(labels, np.eye(2)[predicted])) == pytest.approx(0.25)
    assert math.isnan(false_alarms(decide(labels[4:], np.eye(2)[predicted[4:]])))


def test_area_and_half_degradation_of_straight_line() -> None:
    strengths = [n / 10 for n in range(1, 11)]
    line = np.array([0.9 - 0.4 * p for p in strengths])
    assert float(area(strengths, 0.9, line)) == pytest.approx(0.7)
    assert float(area([0.5], 1.0, np.array([0.0]))) == pytest.approx(0.5)
    assert half_degradation(strengths, 0.9, line.tolist(), 0.5) == pytest.approx(0.5)
    assert half_degradation(strengths, 0.9, line.tolist(), 0.7) == pytest.approx(0.25)
    assert half_degradation(strengths, 0.9, line.tolist(), 0.0) is None
    assert half_degradation(strengths, 0.4, line.tolist(), 0.5) is None


def test_calibration_scores_are_in_range() -> None:
    found = calibration(make_predictions(1))
    assert 0 <= found["ece"] <= 1 and 0 <= found["brier"] <= 1
