from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from vitrina.config import compose_config
from vitrina.data.dataset import Split
from vitrina.data.labels import set_name
from vitrina.data.rows import Rows
from vitrina.errors import InputError
from vitrina.tasks.classification import ClassificationTask
from vitrina.tasks.multilabel import MultilabelMetrics, MultilabelTask
from vitrina.tasks.targets import Targets
from vitrina.text.batch import TextBatch

MULTILABEL = compose_config(["task=multilabel"]).task
CLASSIFICATION = compose_config().task
SETS = [["b"], ["a", "b"], [], ["a", "c"]]
NAMES = [set_name(each) for each in SETS]


def split(labels: list[int]) -> Split:
    texts = TextBatch.from_strings(["а"] * len(labels))
    return Split("train", texts, np.array(labels), Rows.from_dicts([{}] * len(labels)))


TRAIN = split([0, 0, 1, 2, 2, 0, 1, 2])  # the last set occurs only in another file


def task(**changes: Any) -> MultilabelTask:
    config = replace(MULTILABEL, **changes)
    return MultilabelTask(config, MultilabelTask.fit(config, TRAIN, NAMES))


def test_truth_has_a_row_of_labels_for_each_text() -> None:
    plain = task()
    assert plain.label_names == ["a", "b", "c"]
    expected = [[False, True, False], [True, True, False], [False] * 3, [True, False, True]]
    assert plain.truth(split([0, 1, 2, 3])).tolist() == expected
    ordered = task(labels=["c", "b", "a"])
    assert ordered.label_names == ["c", "b", "a"]
    assert ordered.truth(split([3])).tolist() == [[True, False, True]]


def test_the_loss_is_summed_over_texts_and_labels() -> None:
    random = np.random.default_rng(1)
    logits = torch.tensor(random.normal(size=(4, 3)), dtype=torch.float32)
    targets = Targets(task().truth(split([0, 1, 2, 3])))
    p, true = logits.sigmoid().numpy(), targets.labels
    expected = -np.log(np.where(true, p, 1 - p)).sum()
    assert float(task().loss(logits, targets)) == pytest.approx(expected, rel=1e-5)
    for changes in ({"class_weights": "balanced"}, {"class_weights": {"a": 7}}, {"loss": "focal"}):
        changed = task(**changes)
        whole = float(changed.loss(logits, targets))
        assert whole != pytest.approx(expected, rel=1e-3)
        parts = [np.array([0, 3]), np.array([1]), np.array([2])]
        summed = sum(float(changed.loss(logits[part], targets.take(part))) for part in parts)
        assert summed == pytest.approx(whole, rel=1e-5)


def test_balanced_weights_follow_the_training_texts() -> None:
    found = MultilabelTask.fit(replace(MULTILABEL, class_weights="balanced"), TRAIN, NAMES)
    # Of 8 texts, 2 have a, 5 have b, none has c.
    expected = [[8 / 12, 2.0], [8 / 6, 8 / 10], [1, 1]]
    np.testing.assert_allclose(found.arrays["weights"], expected, rtol=1e-6)
    with pytest.raises(InputError, match=r"task\.class_weights\.d = 2: must be for one of"):
        MultilabelTask.fit(replace(MULTILABEL, class_weights={"d": 2}), TRAIN, NAMES)


def test_predicted_labels_reach_their_thresholds() -> None:
    predicted = np.array([0.9, 0.5, 0.2])
    assert task().task_metrics.fields(predicted) == {
        "score": {"a": 0.9, "b": 0.5, "c": 0.2},
        "label": ["a", "b"],
    }
    assert task(threshold=0.6).task_metrics.fields(predicted)["label"] == ["a"]
    waiting = task(threshold="validation")
    assert waiting.waits_for_thresholds and not task().waits_for_thresholds
    assert waiting.task_metrics.fields(predicted)["label"] == ["a", "b"]
    waiting.use_thresholds({"a": 0.95, "b": 0.5, "c": 0.1})
    assert waiting.task_metrics.fields(predicted)["label"] == ["b", "c"]


def test_thresholds_are_chosen_label_by_label() -> None:
    waiting = task(threshold="validation")
    truth = waiting.truth(split([0, 1, 2, 3]))
    predicted = np.array([[0.1, 0.4, 0.3], [0.2, 0.6, 0.1], [0.15, 0.2, 0.1], [0.3, 0.1, 0.9]])
    chosen = waiting.choose_thresholds(truth, predicted)
    assert list(chosen) == waiting.threshold_names == ["a", "b", "c"]
    assert [chosen[name] for name in "abc"] == pytest.approx([0.175, 0.3, 0.6])
    assert waiting.task_metrics.score(truth, predicted)["f1"] < 1
    waiting.use_thresholds(chosen)
    assert waiting.task_metrics.score(truth, predicted)["f1"] == 1


def test_scores_and_intervals_of_sets() -> None:
    random = np.random.default_rng(2)
    truth = random.random((80, 3)) < 0.4
    predicted = np.clip(truth * 0.4 + random.random(truth.shape) * 0.6, 0, 1)
    task_metrics = MultilabelMetrics(["a", "b", "c"], [0.5, 0.4, 0.6])
    scores = task_metrics.score(truth, predicted)
    chosen = predicted >= np.array([0.5, 0.4, 0.6])
    assert scores["accuracy"] == (chosen == truth).all(axis=1).mean()
    by_label = task_metrics.score_labels(truth, predicted)
    assert np.mean([each["f1"] for each in by_label.values()]) == pytest.approx(scores["macro_f1"])
    assert [each["support"] for each in by_label.values()] == truth.sum(axis=0).tolist()
    for name, (low, high) in task_metrics.intervals(
        truth, predicted, resamples=200, seed=1
    ).items():
        assert low <= scores[name] <= high, name
    truth[:, 1] = False
    found = task_metrics.notes(truth, task_metrics.score(truth, predicted))
    assert found == ["no text has the label b"]


def test_two_classes_have_a_threshold_for_the_positive_one() -> None:
    config = replace(CLASSIFICATION, threshold="validation", positive="no")
    names, train = ["no", "yes"], split([0, 0, 1, 1])
    two = ClassificationTask(config, ClassificationTask.fit(config, train, names))
    predicted = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.1, 0.9]])
    assert two.task_metrics.fields(predicted[1]) == {"score": 0.3, "label": "yes"}
    chosen = two.choose_thresholds(train.labels, predicted)
    assert chosen == {"no": pytest.approx(0.25)} and two.threshold_names == ["no"]
    two.use_thresholds(chosen)
    assert two.task_metrics.fields(predicted[1]) == {"score": 0.3, "label": "no"}
    assert two.task_metrics.score(train.labels, predicted)["f1"] == 1
    fixed = replace(config, threshold=0.25)
    same = ClassificationTask(fixed, ClassificationTask.fit(fixed, train, names))
    assert same.task_metrics.score(train.labels, predicted)["f1"] == 1
    for value in ("validation", 0.3):
        with pytest.raises(InputError) as error:
            ClassificationTask.fit(replace(config, threshold=value), train, [*names, "so"])
        assert str(error.value) == f"task.threshold = {value!r}: must be 0.5 with 3 classes"


def test_class_weights_scale_the_loss() -> None:
    config = replace(CLASSIFICATION, class_weights="balanced")
    train = split([0] * 6 + [1] * 2)
    fitted = ClassificationTask.fit(config, train, ["0", "1"])
    assert json.loads(fitted.texts["label_names"]) == ["0", "1"]
    weighted = ClassificationTask(config, fitted)
    loss = weighted.loss(torch.zeros(2, 2), Targets(np.array([0, 1])))
    assert float(loss) == pytest.approx(np.log(2) * (8 / 12 + 2))
