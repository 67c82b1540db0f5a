"""Scores of any number of labels for each text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from vitrina.tasks.metrics import Predictions
from vitrina.tasks.task_metrics import LabelMetrics


class MultilabelMetrics(LabelMetrics):
    """A set of labels for each text: bool, and probabilities, [num_texts, num_labels].

    A label is said of a text if its probability is not below the label's threshold. `f1`,
    `precision`, `recall`, `roc_auc` and `average_precision` are means over the labels, `accuracy`
    is the share of texts of which exactly the right labels are said.

    Args:
        label_names: names of the labels.
        thresholds: of each label.
        metrics: further metrics, of plugins.
    """

    shown: ClassVar[dict[str, str]] = {
        "f1": "macro F1",
        "micro_f1": "micro F1",
        "roc_auc": "ROC-AUC",
        "average_precision": "avg. prec.",
        "accuracy": "all right",
    }

    def __init__(
        self, label_names: Sequence[str], thresholds: Sequence[float], metrics: Sequence[str] = ()
    ) -> None:
        self.extra = list(metrics)
        assert len(label_names) == len(thresholds)
        self.label_names = list(label_names)
        self.thresholds = np.array(thresholds, dtype=np.float64)

    @property
    def what(self) -> str:
        return "F1, ROC-AUC and avg. prec.: means over the labels"

    @property
    def reported(self) -> list[int]:
        return list(range(len(self.label_names)))

    def decide(self, truth: np.ndarray, predicted: np.ndarray) -> Predictions:
        return Predictions(truth, self._said(predicted), predicted, self.reported)

    def occurs(self, truth: np.ndarray) -> np.ndarray:
        return truth

    def fields(self, predicted: np.ndarray) -> dict[str, Any]:
        """`score`, a mapping from label to probability, and `label`, a list of those said."""
        said = zip(self.label_names, self._said(predicted), strict=True)
        return {"score": self.named(predicted), "label": [name for name, yes in said if yes]}

    def _said(self, predicted: np.ndarray) -> np.ndarray:
        # In double precision: a threshold between two probabilities must not be rounded to one.
        return predicted.astype(np.float64) >= self.thresholds
