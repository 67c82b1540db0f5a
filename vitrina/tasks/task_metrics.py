"""Base classes of the metrics that a task chooses for evaluation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from vitrina.tasks.calibration import calibration
from vitrina.tasks.config import METRICS
from vitrina.tasks.intervals import intervals
from vitrina.tasks.metrics import (
    Predictions,
    chance,
    choose_class,
    decide,
    reported_classes,
    score,
)


class TaskMetrics(ABC):
    """Base class: scores predictions against the truth, and formats predictions of one text.

    Truth and predictions are arrays with one row for each text. A task with other types overrides
    `settled`, `values` and `same`.

    Attributes:
        metrics: names of all scores, in the order of tables. Scores of labels lie in [0, 1]; higher
            is better.
        relative: scores that are also reported relative to clean texts.
        shown: scores in the table of a run, with their headings.
        unit: unit of `count`.
        extra: names of further metrics, from plugins.
    """

    metrics: ClassVar[Sequence[str]]
    relative: ClassVar[Sequence[str]]
    shown: ClassVar[dict[str, str]]
    unit: ClassVar[str] = "texts"
    extra: Sequence[str] = ()

    @property
    def headings(self) -> dict[str, str]:
        """`shown`, and metrics of plugins under their own names."""
        return self.shown | {name: name for name in self.extra}

    @property
    @abstractmethod
    def what(self) -> str:
        """Short explanation of the scores, for the caption of a table."""

    @abstractmethod
    def score(self, truth: Any, predicted: Any) -> dict[str, float]:
        """Compute all scores, NaN where undefined, and `count`, the number of units."""

    def score_labels(self, truth: Any, predicted: Any) -> dict[str, dict[str, float]]:
        """Compute the scores and the support of each label by name; empty without labels."""
        return {}

    @abstractmethod
    def chance(self, truth: Any) -> dict[str, float]:
        """Compute the expected scores of guessing."""

    @abstractmethod
    def intervals(
        self, truth: Any, predicted: Any, *, resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        """Compute 95 % intervals of some of the scores."""

    @abstractmethod
    def notes(self, truth: Any, scores: dict[str, float]) -> list[str]:
        """Return sentences about undefined scores and absent labels."""

    @abstractmethod
    def fields(self, predicted: Any) -> dict[str, Any]:
        """Return the fields of one text in a file of predictions, from its row."""

    def settled(self, predicted: Any) -> Any:
        """Convert predictions to the type and precision for scoring."""
        return np.asarray(predicted, dtype=np.float64)

    def values(self, predicted: Any) -> np.ndarray:
        """Return all numbers in the predictions, which must be finite."""
        return predicted

    def same(self, truth: Any, other: Any) -> bool:
        """Whether two suites have the same truth."""
        return np.array_equal(truth, other)


class LabelMetrics(TaskMetrics):
    """Metrics of predicted labels of texts or words.

    Attributes:
        label_names: names of the labels.
    """

    metrics: ClassVar[Sequence[str]] = METRICS
    relative: ClassVar[Sequence[str]] = (
        "f1",
        "macro_f1",
        "micro_f1",
        "roc_auc",
        "average_precision",
    )
    label_names: list[str]

    @abstractmethod
    def decide(self, truth: Any, predicted: Any) -> Predictions:
        """Return true and predicted labels."""

    @abstractmethod
    def occurs(self, truth: Any) -> np.ndarray:
        """Return bool [num_texts, num_labels], the labels of each text (or word)."""

    @property
    @abstractmethod
    def reported(self) -> list[int]:
        """Labels over which `f1` and the like are averaged."""

    def score(self, truth: Any, predicted: Any) -> dict[str, float]:
        decisions = self.decide(truth, predicted)
        return score(decisions, (*METRICS, *self.extra)) | calibration(decisions)

    def score_labels(self, truth: Any, predicted: Any) -> dict[str, dict[str, float]]:
        found = self.decide(truth, predicted).by_label
        return dict(zip(self.label_names, found, strict=True))

    def chance(self, truth: Any) -> dict[str, float]:
        return chance(self.occurs(truth), self.reported)

    def intervals(
        self, truth: Any, predicted: Any, *, resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        return intervals(self.decide(truth, predicted), resamples=resamples, seed=seed)

    def notes(self, truth: Any, scores: dict[str, float]) -> list[str]:
        undefined = [metric for metric in (*self.metrics, *self.extra) if np.isnan(scores[metric])]
        counts = self.occurs(truth).sum(axis=0)
        occurring = [name for name, n in zip(self.label_names, counts, strict=True) if n]
        if undefined:
            labels = ", ".join(occurring) or "none"
            return [f"{', '.join(undefined)} undefined; labels that occur: {labels}"]
        absent = sorted(set(self.label_names) - set(occurring))
        return (
            [f"no {self.unit.removesuffix('s')} has the label {', '.join(absent)}"]
            if absent
            else []
        )

    def named(self, predicted: np.ndarray) -> dict[str, float]:
        """Return the rounded probabilities [num_labels] of one text by label name."""
        named = zip(self.label_names, predicted.tolist(), strict=True)
        return {name: round(value, 6) for name, value in named}


class ClassMetrics(LabelMetrics):
    """Metrics of classes; truth is int64 [num_texts], predictions [num_texts, num_classes].

    Args:
        label_names: names of the classes.
        positive: with two classes, the index of the one that is reported; None: the last one.
        threshold: with two classes, the decision threshold of the positive one; None: predict the
            most probable class.
        metrics: further metrics, from plugins.
    """

    shown: ClassVar[dict[str, str]] = {
        "f1": "F1",
        "macro_f1": "macro F1",
        "roc_auc": "ROC-AUC",
        "average_precision": "avg. prec.",
        "accuracy": "accuracy",
    }

    def __init__(
        self,
        label_names: Sequence[str],
        positive: int | None,
        threshold: float | None = None,
        metrics: Sequence[str] = (),
    ) -> None:
        self.extra = list(metrics)
        assert threshold is None or len(label_names) == 2
        self.label_names = list(label_names)
        self.positive, self.threshold = positive, threshold

    @property
    def what(self) -> str:
        if len(self.label_names) > 2:
            return "F1: mean over the classes"
        text = f"F1: class {self.label_names[self.reported[0]]}"
        return text if self.threshold is None else f"{text}, threshold {self.threshold:.3f}"

    @property
    def reported(self) -> list[int]:
        return reported_classes(len(self.label_names), self.positive)

    def decide(self, truth: np.ndarray, predicted: np.ndarray) -> Predictions:
        return decide(truth, predicted, self.positive, self.threshold)

    def occurs(self, truth: np.ndarray) -> np.ndarray:
        return np.eye(len(self.label_names), dtype=bool)[truth]

    def fields(self, predicted: np.ndarray) -> dict[str, Any]:
        """Return `score` and `label`, the predicted class.

        `score` is the probability of the positive one of two classes, else a mapping from label to
        probability.
        """
        (chosen,) = choose_class(predicted[None], self.positive, self.threshold)
        score: Any = self.named(predicted)
        if len(self.label_names) == 2:
            score = score[self.label_names[self.reported[0]]]
        return {"score": score, "label": self.label_names[chosen]}
