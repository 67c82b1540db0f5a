from __future__ import annotations

import numpy as np

from vitrina.tasks.task_metrics import ClassMetrics


def test_the_score_is_the_probability_of_the_positive_class_or_a_mapping() -> None:
    two = np.array([0.25, 0.75])
    assert ClassMetrics(["0", "1"], 1).fields(two) == {"score": 0.75, "label": "1"}
    assert ClassMetrics(["0", "1"], None).fields(two) == {"score": 0.75, "label": "1"}
    assert ClassMetrics(["0", "1"], 0).fields(two) == {"score": 0.25, "label": "1"}
    three = ClassMetrics(["a", "b", "c"], None).fields(np.array([0.2, 0.5, 0.3]))
    assert three == {"score": {"a": 0.2, "b": 0.5, "c": 0.3}, "label": "b"}


def test_the_score_above_guessing_is_that_of_the_same_class() -> None:
    truth, predicted = np.array([0, 0, 0, 1]), np.array([[0.9, 0.1]] * 3 + [[0.2, 0.8]])
    for positive, share in ((0, 0.75), (1, 0.25), (None, 0.25)):
        task_metrics = ClassMetrics(["0", "1"], positive)
        assert task_metrics.chance(truth)["f1"] == share
        assert task_metrics.score(truth, predicted)["f1"] == 1.0
