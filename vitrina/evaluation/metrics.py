"""Scores of probabilities against labels, for two classes or more.

The definitions are scikit-learn's. What is undefined (a ROC curve where only one class occurs) is
NaN here, null in the files, and told by whoever asked for it; it is never a made-up number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

METRICS = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "macro_f1",
    "roc_auc",
    "average_precision",
)
"""The scores; all lie in [0, 1], and more is better."""


def score(
    labels: np.ndarray, probabilities: np.ndarray, positive: int | None = None
) -> dict[str, float]:
    """The scores of `METRICS`, and `count`, the number of texts.

    The predicted class is the most probable one, the first of equals. With two classes
    `precision`, `recall`, `f1`, `roc_auc` and `average_precision` are those of the positive class;
    with more they are means over the classes, each against the rest. `macro_f1` is the mean over
    the classes in any case. A class for which a score is undefined is left out of the mean, and a
    score that is undefined for all of them is NaN: recall, `roc_auc` and `average_precision` of a
    class that does not occur, `roc_auc` of one that is the only one, precision and F1 of one that
    neither occurs nor is predicted. Precision is 0 where a class occurs but is never predicted.

    Args:
        labels: int64 [num_texts], class indices.
        probabilities: float [num_texts, num_classes].
        positive: index of the positive class, the last one if None. With more than two classes
            it is not used.
    """
    check_scored(labels, probabilities)
    num_classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    by_class = [
        _one_class(labels == k, predicted == k, probabilities[:, k]) for k in range(num_classes)
    ]
    reported = reported_classes(num_classes, positive)
    scores = {"accuracy": float((labels == predicted).mean()) if len(labels) else float("nan")}
    for name in ("precision", "recall", "f1"):
        scores[name] = mean_of_defined([by_class[k][name] for k in reported])
    scores["macro_f1"] = mean_of_defined([each["f1"] for each in by_class])
    for name in ("roc_auc", "average_precision"):
        scores[name] = mean_of_defined([by_class[k][name] for k in reported])
    return scores | {"count": len(labels)}


def chance(labels: np.ndarray, num_classes: int, positive: int | None = None) -> dict[str, float]:
    """The scores expected of guessing each class as often as it occurs, whatever the text.

    With `share_k` the share of class `k`: accuracy is the sum of the squared shares; precision,
    recall, F1 and average precision of a class are its share; `roc_auc` is one half. Means over
    classes are taken as in `score`.
    """
    shares = np.bincount(labels, minlength=num_classes) / max(len(labels), 1)
    occurs = shares > 0
    reported = reported_classes(num_classes, positive)
    of_reported = mean_of_defined([float(shares[k]) for k in reported if occurs[k]])
    return {
        "accuracy": float((shares**2).sum()),
        "precision": of_reported,
        "recall": of_reported,
        "f1": of_reported,
        "macro_f1": mean_of_defined(shares[occurs].tolist()),
        "roc_auc": 0.5,
        "average_precision": of_reported,
    }


def reported_classes(num_classes: int, positive: int | None) -> list[int]:
    """The classes over which scores are means: the positive one of two, or all."""
    if num_classes > 2:
        return list(range(num_classes))
    return [num_classes - 1 if positive is None else positive]


def check_scored(labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Assert that `labels` [num_texts] and `probabilities` [num_texts, num_classes] agree."""
    assert labels.ndim == 1 and probabilities.ndim == 2, (labels.shape, probabilities.shape)
    assert len(labels) == len(probabilities), (labels.shape, probabilities.shape)
    assert probabilities.shape[1] >= 2, "scores need two classes"
    assert len(labels) == 0 or 0 <= labels.min() <= labels.max() < probabilities.shape[1]


def mean_of_defined(values: Sequence[float]) -> float:
    """The mean of the values that are not NaN; NaN if there are none."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")


def _one_class(occurs: np.ndarray, predicted: np.ndarray, probability: np.ndarray) -> dict:
    """Scores of one class against the rest; bool, bool and float [num_texts]."""
    nan = float("nan")
    any_occurs, any_predicted = bool(occurs.any()), bool(predicted.any())
    known = any_occurs or any_predicted
    return {
        "precision": precision_score(occurs, predicted, zero_division=0) if known else nan,  # pyright: ignore[reportArgumentType]
        "recall": recall_score(occurs, predicted) if any_occurs else nan,
        "f1": f1_score(occurs, predicted) if known else nan,
        "roc_auc": roc_auc_score(occurs, probability) if any_occurs and not occurs.all() else nan,
        "average_precision": average_precision_score(occurs, probability) if any_occurs else nan,
    }
