"""Human review: the section `review` of `metrics.json`.

A text that was not read, or is of a language that the training texts do not hold, goes to review.
The share of toxic texts that are flagged or reviewed is reported next to recall.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vitrina.evaluation.suites import Suite
from vitrina.evaluation.target import EvaluationTarget
from vitrina.tasks.task_metrics import ClassMetrics


class ReviewEvaluation:
    """Measures which texts of suites go to review.

    Args:
        target: its `review` must not be None.
    """

    def __init__(self, target: EvaluationTarget) -> None:
        self.target = target
        self.suites: dict[str, dict[str, float]] = {}

    def add(self, suite: Suite, predicted: Any) -> None:
        """Measure a suite.

        Args:
            predicted: predictions for its texts, as the metrics of the task take them.
        """
        assert self.target.review is not None
        reviewed = self.target.review(suite.texts)
        found = {"share": share_of(reviewed)}
        metrics = self.target.task_metrics
        if isinstance(metrics, ClassMetrics) and len(metrics.label_names) == 2:
            positive = metrics.reported[0]
            toxic = suite.truth == positive
            flagged = metrics.decide(suite.truth, predicted).chosen[:, positive]
            found |= {
                "benign": share_of(reviewed[~toxic]),
                "recall": share_of(flagged[toxic]),
                "recall_or_review": share_of((flagged | reviewed)[toxic]),
            }
        self.suites[suite.name] = found


def share_of(chosen: np.ndarray) -> float:
    """Return the share of True; NaN without texts."""
    return float(chosen.mean()) if len(chosen) else float("nan")
