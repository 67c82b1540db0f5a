from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from vitrina.tasks.config import METRICS
from vitrina.tasks.metrics import (
    LABEL_METRICS,
    Predictions,
    chance,
    decide,
    score,
)


def sample_of(num_texts: int, num_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, num_classes, num_texts)
    logits = random.normal(size=(num_texts, num_classes)) + 1.5 * np.eye(num_classes)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels, probabilities


def test_two_classes_report_the_positive_one() -> None:
    labels, probabilities = sample_of(200, 2, seed=1)
    predicted = probabilities.argmax(axis=1)
    for positive in (0, 1):
        found = score(decide(labels, probabilities, positive))
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
    assert score(decide(labels, probabilities)) == score(decide(labels, probabilities, 1))


def test_more_classes_report_means() -> None:
    labels, probabilities = sample_of(300, 4, seed=2)
    predicted = probabilities.argmax(axis=1)
    found = score(decide(labels, probabilities, None))
    assert found["f1"] == found["macro_f1"]
    assert found["f1"] == pytest.approx(reference.f1_score(labels, predicted, average="macro"))
    assert found["recall"] == pytest.approx(
        reference.recall_score(labels, predicted, average="macro")
    )
    assert found["roc_auc"] == pytest.approx(
        reference.roc_auc_score(labels, probabilities, multi_class="ovr")
    )


def test_roc_auc_is_undefined_for_a_single_class() -> None:
    _, probabilities = sample_of(20, 2, seed=3)
    ones = score(decide(np.ones(20, dtype=np.int64), probabilities, 1))
    assert np.isnan(ones["roc_auc"])
    assert ones["average_precision"] == pytest.approx(1.0)
    zeros = score(decide(np.zeros(20, dtype=np.int64), probabilities, 1))
    assert np.isnan(zeros["roc_auc"]) and np.isnan(zeros["average_precision"])
    assert np.isnan(zeros["recall"])
    assert zeros["f1"] == 0.0  # some are predicted


def test_means_skip_an_absent_class() -> None:
    labels, probabilities = sample_of(100, 3, seed=4)
    probabilities[:, 2] = 0
    kept = labels != 2
    found = score(decide(labels[kept], probabilities[kept]))
    expected = reference.f1_score(
        labels[kept], probabilities[kept].argmax(axis=1), average="macro", labels=[0, 1]
    )
    assert found["macro_f1"] == pytest.approx(expected)


def test_scores_without_texts_are_nan() -> None:
    found = score(decide(np.zeros(0, dtype=np.int64), np.zeros((0, 2)), 1))
    assert found.pop("count") == 0
    assert all(np.isnan(value) for value in found.values())


@settings(max_examples=30)
@given(st.integers(2, 4), st.integers(1, 30), st.integers(0, 10_000))
def test_scores_lie_between_zero_and_one(num_classes: int, num_texts: int, seed: int) -> None:
    found = score(decide(*sample_of(num_texts, num_classes, seed)))
    assert set(found) == {*METRICS, "count"}
    for name in METRICS:
        assert np.isnan(found[name]) or 0 <= found[name] <= 1, name


@pytest.mark.parametrize("num_classes", [2, 3])
def test_chance_equals_random_guessing(num_classes: int) -> None:
    random = np.random.default_rng(5)
    shares = [0.2, 0.5, 0.3][:num_classes]
    shares = np.array(shares) / sum(shares)
    labels = random.choice(num_classes, size=200_000, p=shares)
    guesses = np.eye(num_classes)[random.choice(num_classes, size=len(labels), p=shares)]
    decisions = decide(labels, guesses + random.random(guesses.shape) * 1e-3)
    found = score(decisions)
    expected = chance(decisions.occurs, decisions.reported)
    assert set(expected) == set(METRICS)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=0.01), name


def sample_of_sets(num_texts: int, num_labels: int, seed: int, decimals: int = 8) -> Predictions:
    random = np.random.default_rng(seed)
    occurs = random.random((num_texts, num_labels)) < np.linspace(0.1, 0.6, num_labels)
    logits = random.normal(size=occurs.shape) + 1.5 * occurs - 0.75
    probabilities = np.round(1 / (1 + np.exp(-logits)), decimals)
    return Predictions(occurs, probabilities >= 0.4, probabilities, range(num_labels))


def test_scores_of_label_sets_equal_scikit_learn() -> None:
    sets = sample_of_sets(300, 4, seed=6)
    found, given = score(sets), (sets.occurs, sets.chosen)
    assert found["accuracy"] == reference.accuracy_score(*given)
    functions = {
        "precision": reference.precision_score,
        "recall": reference.recall_score,
        "f1": reference.f1_score,
    }
    for name, function in functions.items():
        for mean in ("macro", "micro"):
            expected = function(*given, average=mean)
            assert found[f"{mean}_{name}"] == pytest.approx(expected), (mean, name)
        assert found[name] == found[f"macro_{name}"]
        by_label = function(*given, average=None)
        assert [each[name] for each in sets.by_label] == pytest.approx(by_label.tolist())
    ranked = (sets.occurs, sets.probabilities)
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(*ranked))
    assert found["average_precision"] == pytest.approx(reference.average_precision_score(*ranked))
    assert [each["support"] for each in sets.by_label] == sets.occurs.sum(axis=0).tolist()


def test_scores_by_class_and_means_equal_scikit_learn() -> None:
    labels, probabilities = sample_of(200, 3, seed=7)
    decisions = decide(labels, probabilities)
    found, predicted = score(decisions), probabilities.argmax(axis=1)
    by_class = reference.precision_recall_fscore_support(labels, predicted)
    for k, each in enumerate(decisions.by_label):
        assert set(each) == {*LABEL_METRICS, "support"}
        by_name = [each[name] for name in ("precision", "recall", "f1", "support")]
        assert by_name == pytest.approx([column[k] for column in by_class])
    assert found["micro_f1"] == reference.f1_score(labels, predicted, average="micro")
    assert found["micro_f1"] == pytest.approx(found["accuracy"])
    for name, function in (
        ("macro_precision", reference.precision_score),
        ("macro_recall", reference.recall_score),
    ):
        assert found[name] == pytest.approx(function(labels, predicted, average="macro"))


@pytest.mark.parametrize("positive", [0, 1, None])
def test_the_threshold_applies_to_the_positive_class(positive: int | None) -> None:
    labels, probabilities = sample_of(100, 2, seed=8)
    index = 1 if positive is None else positive
    at = float(np.sort(probabilities[:, index])[30])
    chosen = decide(labels, probabilities, positive, at).chosen
    assert (chosen[:, index] == (probabilities[:, index] >= at)).all()
    assert (chosen.sum(axis=1) == 1).all() and chosen[:, index].sum() == 70
    # A threshold between two neighboring float32 numbers is not rounded to either.
    low = np.float32(0.7)
    high = np.nextafter(low, np.float32(1))
    pair = np.array([[1 - low, low], [1 - high, high]], dtype=np.float32)
    middle = (float(low) + float(high)) / 2
    assert decide(np.array([0, 1]), pair, 1, middle).chosen[:, 1].tolist() == [False, True]


def test_only_macro_means_skip_an_absent_label() -> None:
    sets = sample_of_sets(50, 3, seed=9)
    occurs, chosen = sets.occurs.copy(), sets.chosen.copy()
    occurs[:, 1] = chosen[:, 1] = False
    found = score(Predictions(occurs, chosen, sets.probabilities, [0, 1, 2]))
    both = score(
        Predictions(
            *(each[:, [0, 2]] for each in (occurs, chosen)), sets.probabilities[:, [0, 2]], [0, 1]
        )
    )
    for name in ("f1", "macro_f1", "micro_f1", "roc_auc", "average_precision", "accuracy"):
        assert found[name] == pytest.approx(both[name]), name
    nothing = np.zeros((5, 2), dtype=bool)
    found = score(Predictions(nothing, nothing, np.zeros((5, 2)), [0, 1]))
    assert found["accuracy"] == 1.0
    assert all(np.isnan(found[name]) for name in METRICS if name != "accuracy")


def test_chance_of_sets_equals_guessing_the_set_of_another_text() -> None:
    random = np.random.default_rng(10)
    kinds = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    occurs = kinds[random.choice(4, size=100_000, p=[0.4, 0.3, 0.2, 0.1])]
    guessed = random.permutation(occurs)
    ranked = guessed + random.random(guessed.shape) * 1e-3
    found, expected = (
        score(Predictions(occurs, guessed, ranked, [0, 1, 2])),
        chance(occurs, [0, 1, 2]),
    )
    assert set(expected) == set(METRICS)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=0.01), name
