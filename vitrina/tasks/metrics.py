"""Metrics of predicted labels, by label and averaged, for single classes and label sets.

The definitions are those of scikit-learn, except that undefined scores (such as ROC-AUC if only one
class occurs) are NaN here and null in files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from vitrina.registry import component
from vitrina.tasks.config import METRICS

LABEL_METRICS = ("precision", "recall", "f1", "roc_auc", "average_precision")
"""Scores of a single label."""


@dataclass(frozen=True)
class Predictions:
    """True and predicted labels of texts.

    Attributes:
        occurs: bool [num_texts, num_labels], the true labels.
        chosen: bool [num_texts, num_labels], the predicted labels.
        probabilities: float [num_texts, num_labels], which rank the texts for each label.
        reported: indices of the labels over which `precision`, `recall`, `f1`, `roc_auc` and
            `average_precision` are averaged: the positive one of two classes, or all.
    """

    occurs: np.ndarray
    chosen: np.ndarray
    probabilities: np.ndarray
    reported: Sequence[int]

    def __post_init__(self) -> None:
        shapes = self.occurs.shape, self.chosen.shape, self.probabilities.shape
        assert len(set(shapes)) == 1 and self.occurs.ndim == 2, shapes
        assert self.occurs.dtype == self.chosen.dtype == np.bool_

    @cached_property
    def by_label(self) -> list[dict[str, float]]:
        """`LABEL_METRICS` of each label, and `support`, the number of texts with the label."""
        columns = (self.occurs.T, self.chosen.T, self.probabilities.T)
        return [_one_label(*column) for column in zip(*columns, strict=True)]


def decide(
    labels: np.ndarray,
    probabilities: np.ndarray,
    positive: int | None = None,
    threshold: float | None = None,
) -> Predictions:
    """Predict one class for each text: the most probable one, the first of ties.

    Args:
        labels: int64 [num_texts], indices of the true classes.
        probabilities: float [num_texts, num_classes], at least two classes.
        positive: with two classes, the index of the positive one; None: the last one.
        threshold: with two classes, the decision threshold of the positive one; None: predict the
            most probable class.
    """
    assert labels.ndim == 1 and probabilities.ndim == 2, (labels.shape, probabilities.shape)
    num_classes = probabilities.shape[1]
    assert num_classes >= 2, "at least two classes are required"
    assert len(labels) == 0 or 0 <= labels.min() <= labels.max() < num_classes
    one_hot = np.eye(num_classes, dtype=bool)
    chosen = one_hot[choose_class(probabilities, positive, threshold)]
    return Predictions(
        one_hot[labels], chosen, probabilities, reported_classes(num_classes, positive)
    )


def choose_class(
    probabilities: np.ndarray, positive: int | None, threshold: float | None
) -> np.ndarray:
    """Return int64 [num_texts], the classes that `decide` predicts."""
    if threshold is None:
        return probabilities.argmax(axis=1)
    (index,) = reported_classes(probabilities.shape[1], positive)
    # In float64: a threshold between two float32 probabilities must not be rounded to one of them.
    positive_N = probabilities[:, index].astype(np.float64) >= threshold
    return np.where(positive_N, index, 1 - index)


def score(decisions: Predictions, metrics: Sequence[str] = METRICS) -> dict[str, float]:
    """Compute `metrics`, and `count`, the number of texts.

    `accuracy` is the share of texts with exactly the right labels. `macro_` scores are means over
    all labels, `micro_` scores pool all (text, label) pairs and equal the accuracy for one class a
    text. A mean skips labels for which the score is undefined and is NaN if there is no other.
    Undefined are: recall, `roc_auc` and `average_precision` of a label that does not occur,
    `roc_auc` of a label that all texts have, precision and F1 of a label that neither occurs nor is
    predicted. Precision is 0 if a label occurs but is never predicted.
    """
    scores: dict[str, float] = {
        name: component("metric", name).load()(decisions) for name in metrics
    }
    return scores | {"count": len(decisions.occurs)}


def accuracy(decisions: Predictions) -> float:
    """Share of texts with exactly the right labels."""
    right = (decisions.occurs == decisions.chosen).all(axis=1)
    return float(right.mean()) if len(right) else float("nan")


def micro_precision(decisions: Predictions) -> float:
    """Share of the predicted labels that are right."""
    hits, chosen, occurring = _counts(decisions)
    return hits / max(chosen, 1) if chosen + occurring else float("nan")


def micro_recall(decisions: Predictions) -> float:
    """Share of the true labels that are predicted."""
    hits, _, occurring = _counts(decisions)
    return hits / occurring if occurring else float("nan")


def micro_f1(decisions: Predictions) -> float:
    """Harmonic mean of micro precision and micro recall."""
    hits, chosen, occurring = _counts(decisions)
    return 2 * hits / (chosen + occurring) if chosen + occurring else float("nan")


def _counts(decisions: Predictions) -> tuple[int, int, int]:
    occurs, chosen = decisions.occurs, decisions.chosen
    return int((occurs & chosen).sum()), int(chosen.sum()), int(occurs.sum())


def _mean_over_labels(
    name: str, doc: str, *, macro: bool = False
) -> Callable[[Predictions], float]:
    def metric(decisions: Predictions) -> float:
        by_label = decisions.by_label
        return mean_of_defined(
            [each[name] for k, each in enumerate(by_label) if macro or k in decisions.reported]
        )

    metric.__doc__ = doc
    return metric


precision = _mean_over_labels("precision", "Share of the predictions of a label that are right.")
recall = _mean_over_labels("recall", "Share of the texts with a label that are found.")
f1 = _mean_over_labels("f1", "Harmonic mean of precision and recall.")
roc_auc = _mean_over_labels("roc_auc", "Area under the ROC curve.")
average_precision = _mean_over_labels(
    "average_precision", "Area under the precision-recall curve, as a step function."
)
macro_precision = _mean_over_labels("precision", "Mean of precision over all labels.", macro=True)
macro_recall = _mean_over_labels("recall", "Mean of recall over all labels.", macro=True)
macro_f1 = _mean_over_labels("f1", "Mean of F1 over all labels.", macro=True)


def chance(occurs: np.ndarray, reported: Sequence[int]) -> dict[str, float]:
    """Compute the expected scores of guessing the labels of a random text.

    Accuracy is the sum of the squared shares of the label sets. Precision, recall, F1 and average
    precision of a label are its share of the texts, `roc_auc` is 0.5. Means over labels are as in
    `score`.

    Args:
        occurs: bool [num_texts, num_labels].
        reported: as in `Predictions`.
    """
    shares = occurs.mean(axis=0) if len(occurs) else np.zeros(occurs.shape[1])
    _, counts = np.unique(occurs, axis=0, return_counts=True)
    of_reported = mean_of_defined([float(shares[k]) for k in reported if shares[k] > 0])
    macro = mean_of_defined(shares[shares > 0].tolist())
    micro = float((shares**2).sum() / shares.sum()) if shares.any() else float("nan")
    by_name = {"macro": macro, "micro": micro}
    return {
        "accuracy": float(((counts / max(len(occurs), 1)) ** 2).sum()),
        **dict.fromkeys(("precision", "recall", "f1"), of_reported),
        **{
            f"{mean}_{name}": value
            for mean, value in by_name.items()
            for name in ("precision", "recall", "f1")
        },
        "roc_auc": 0.5,
        "average_precision": of_reported,
    }


def reported_classes(num_classes: int, positive: int | None) -> list[int]:
    """Return the classes over which scores are averaged: the positive one of two, or all."""
    if num_classes > 2:
        return list(range(num_classes))
    return [num_classes - 1 if positive is None else positive]


def mean_of_defined(values: Sequence[float]) -> float:
    """Return the mean of the values that are not NaN; NaN if there are none."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")


def _one_label(occurs: np.ndarray, chosen: np.ndarray, probability: np.ndarray) -> dict:
    """Compute the scores of one label; arguments are bool, bool and float [num_texts]."""
    nan = float("nan")
    any_occurs, any_chosen = bool(occurs.any()), bool(chosen.any())
    known = any_occurs or any_chosen
    return {
        "precision": precision_score(occurs, chosen, zero_division=0) if known else nan,  # pyright: ignore[reportArgumentType]
        "recall": recall_score(occurs, chosen) if any_occurs else nan,
        "f1": f1_score(occurs, chosen) if known else nan,
        "roc_auc": roc_auc_score(occurs, probability) if any_occurs and not occurs.all() else nan,
        # Rounding of the sum can exceed one by an ulp.
        "average_precision": min(average_precision_score(occurs, probability), 1.0)
        if any_occurs
        else nan,
        "support": int(occurs.sum()),
    }
