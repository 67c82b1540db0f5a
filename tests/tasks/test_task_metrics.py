from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from vitrina.registry import Component, components
from vitrina.tasks.metrics import Predictions
from vitrina.tasks.task_metrics import ClassMetrics


def test_metrics_of_plugins_are_added_to_the_built_in_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = "tests.tasks.test_task_metrics:count_of_texts"
    given = Component("metric", "count_of_texts", None, target, None)
    monkeypatch.setitem(cast(dict[str, Component], components("metric")), given.name, given)
    truth, predicted = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    plain, more = (ClassMetrics(["0", "1"], 1, None, given) for given in ((), ["count_of_texts"]))
    found = more.score(truth, predicted)
    assert found.pop("count_of_texts") == 3.0
    assert found == plain.score(truth, predicted)
    assert [*more.headings] == [*plain.headings, "count_of_texts"]


def count_of_texts(predictions: Predictions) -> float:
    return float(len(predictions.occurs))


def test_the_score_is_the_probability_of_the_positive_class_or_a_mapping() -> None:
    two = np.array([0.25, 0.75])
    assert ClassMetrics(["0", "1"], 1).fields(two) == {"score": 0.75, "label": "1"}
    assert ClassMetrics(["0", "1"], None).fields(two) == {"score": 0.75, "label": "1"}
    assert ClassMetrics(["0", "1"], 0).fields(two) == {"score": 0.25, "label": "1"}
    three = ClassMetrics(["a", "b", "c"], None).fields(np.array([0.2, 0.5, 0.3]))
    assert three == {"score": {"a": 0.2, "b": 0.5, "c": 0.3}, "label": "b"}


def test_chance_and_score_are_of_the_same_class() -> None:
    truth, predicted = np.array([0, 0, 0, 1]), np.array([[0.9, 0.1]] * 3 + [[0.2, 0.8]])
    for positive, share in ((0, 0.75), (1, 0.25), (None, 0.25)):
        task_metrics = ClassMetrics(["0", "1"], positive)
        assert task_metrics.chance(truth)["f1"] == share
        assert task_metrics.score(truth, predicted)["f1"] == 1.0
