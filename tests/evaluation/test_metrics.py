from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from vitrina.evaluation.metrics import METRICS, chance, score


def made_up(num_texts: int, num_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, num_classes, num_texts)
    logits = random.normal(size=(num_texts, num_classes)) + 1.5 * np.eye(num_classes)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels, probabilities


def test_two_classes_are_told_by_the_positive_one() -> None:
    labels, probabilities = made_up(200, 2, seed=1)
    predicted = probabilities.argmax(axis=1)
    for positive in (0, 1):
        found = score(labels, probabilities, positive)
        assert found["precision"] == reference.precision_score(
            labels, predicted, pos_label=positive
        )
        assert found["recall"] == reference.recall_score(labels, predicted, pos_label=positive)
        assert found["f1"] == reference.f1_score(labels, predicted, pos_label=positive)
        assert found["macro_f1"] == reference.f1_score(labels, predicted, average="macro")
        is_positive, probability = labels == positive, probabilities[:, positive]
        assert found["roc_auc"] == reference.roc_auc_score(is_positive, probability)
        assert found["average_precision"] == reference.average_precision_score(
            is_positive, probability
        )
        assert found["accuracy"] == reference.accuracy_score(labels, predicted)
        assert found["count"] == 200
    assert score(labels, probabilities) == score(labels, probabilities, 1)


def test_more_classes_are_told_by_means() -> None:
    labels, probabilities = made_up(300, 4, seed=2)
    predicted = probabilities.argmax(axis=1)
    found = score(labels, probabilities, None)
    assert found["f1"] == found["macro_f1"]
    assert found["f1"] == pytest.approx(reference.f1_score(labels, predicted, average="macro"))
    assert found["recall"] == pytest.approx(
        reference.recall_score(labels, predicted, average="macro")
    )
    assert found["roc_auc"] == pytest.approx(
        reference.roc_auc_score(labels, probabilities, multi_class="ovr")
    )


def test_one_class_alone_has_no_roc_curve() -> None:
    _, probabilities = made_up(20, 2, seed=3)
    ones = score(np.ones(20, dtype=np.int64), probabilities, 1)
    assert np.isnan(ones["roc_auc"])
    assert ones["average_precision"] == pytest.approx(1.0)
    zeros = score(np.zeros(20, dtype=np.int64), probabilities, 1)
    assert np.isnan(zeros["roc_auc"]) and np.isnan(zeros["average_precision"])
    assert np.isnan(zeros["recall"])
    assert zeros["f1"] == 0.0  # some are wrongly predicted


def test_an_absent_class_is_left_out_of_the_means() -> None:
    labels, probabilities = made_up(100, 3, seed=4)
    probabilities[:, 2] = 0
    kept = labels != 2
    found = score(labels[kept], probabilities[kept])
    by_hand = reference.f1_score(
        labels[kept], probabilities[kept].argmax(axis=1), average="macro", labels=[0, 1]
    )
    assert found["macro_f1"] == pytest.approx(by_hand)


def test_no_texts_give_no_scores() -> None:
    found = score(np.zeros(0, dtype=np.int64), np.zeros((0, 2)), 1)
    assert found.pop("count") == 0
    assert all(np.isnan(value) for value in found.values())


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 4), st.integers(1, 30), st.integers(0, 10_000))
def test_scores_lie_between_zero_and_one(num_classes: int, num_texts: int, seed: int) -> None:
    found = score(*made_up(num_texts, num_classes, seed))
    assert set(found) == {*METRICS, "count"}
    for name in METRICS:
        assert np.isnan(found[name]) or 0 <= found[name] <= 1, name


@pytest.mark.parametrize("num_classes", [2, 3])
def test_chance_is_what_guessing_gives(num_classes: int) -> None:
    random = np.random.default_rng(5)
    shares = [0.2, 0.5, 0.3][:num_classes]
    shares = np.array(shares) / sum(shares)
    labels = random.choice(num_classes, size=200_000, p=shares)
    guesses = np.eye(num_classes)[random.choice(num_classes, size=len(labels), p=shares)]
    found = score(labels, guesses + random.random(guesses.shape) * 1e-3)
    expected = chance(labels, num_classes)
    assert set(expected) == set(METRICS)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=0.01), name
