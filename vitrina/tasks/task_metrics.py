"""How what a model says is compared with what is true: the part of evaluation a task chooses."""

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
    """Scores of predictions against the truth, and what is written of one text.

    What is true and what is predicted are arrays with a row for each text, or of whatever form the
    task gives them (then `settled`, `values` and `same` know it).

    Attributes:
        metrics: names of all scores, in the order of tables. Of labels they lie in [0, 1], and more
            is better.
        relative: the scores that are also told relative to clean texts.
        shown: the scores in the table of a run, and their headings.
        unit: what `count` counts.
        extra: names of further metrics, of plugins.
    """

    metrics: ClassVar[Sequence[str]]
    relative: ClassVar[Sequence[str]]
    shown: ClassVar[dict[str, str]]
    unit: ClassVar[str] = "texts"
    extra: Sequence[str] = ()

    @property
    def headings(self) -> dict[str, str]:
        """`shown`, and the metrics of plugins under their own names."""
        return self.shown | {name: name for name in self.extra}

    @property
    @abstractmethod
    def what(self) -> str:
        """Of what the scores are, in a few words, for below a table."""

    @abstractmethod
    def score(self, truth: Any, predicted: Any) -> dict[str, float]:
        """All scores, NaN where one is undefined, and `count`, what they are counted over."""

    def score_labels(self, truth: Any, predicted: Any) -> dict[str, dict[str, float]]:
        """Scores of each label by its name, where there are labels, and how often it occurs."""
        return {}

    @abstractmethod
    def chance(self, truth: Any) -> dict[str, float]:
        """The scores of guessing."""

    @abstractmethod
    def intervals(
        self, truth: Any, predicted: Any, *, resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        """95 % intervals of some of the scores."""

    @abstractmethod
    def notes(self, truth: Any, scores: dict[str, float]) -> list[str]:
        """Plain sentences about what is undefined or absent."""

    @abstractmethod
    def fields(self, predicted: Any) -> dict[str, Any]:
        """What a file of predictions says of one text, from its row of what is predicted."""

    def settled(self, predicted: Any) -> Any:
        """What a predictor gave, in the form and precision in which it is scored."""
        return np.asarray(predicted, dtype=np.float64)

    def values(self, predicted: Any) -> np.ndarray:
        """All numbers in what is predicted, which must be finite."""
        return predicted

    def same(self, truth: Any, other: Any) -> bool:
        """Whether the same is true of the texts of two suites."""
        return np.array_equal(truth, other)


class LabelMetrics(TaskMetrics):
    """Scores that follow from what is said of each text (or word), label by label.

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
        """What is said beside what is true."""

    @abstractmethod
    def occurs(self, truth: Any) -> np.ndarray:
        """bool [num_texts, num_labels], the labels that each text (or word) has."""

    @property
    @abstractmethod
    def reported(self) -> list[int]:
        """The labels over which `f1` and its like are means."""

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
        """Probabilities by name, as they are written."""
        named = zip(self.label_names, predicted.tolist(), strict=True)
        return {name: round(value, 6) for name, value in named}


class ClassMetrics(LabelMetrics):
    """One class for each text: labels int64 [num_texts], probabilities [num_texts, num_classes].

    Args:
        label_names: names of the classes.
        positive: with two classes the one whose scores are reported; None: the last one.
        threshold: with two classes the probability from which on the positive one is said; None:
            the likelier one is.
        metrics: further metrics, of plugins.
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
        told = f"F1: class {self.label_names[self.reported[0]]}"
        return told if self.threshold is None else f"{told}, from {self.threshold:.3f} on"

    @property
    def reported(self) -> list[int]:
        return reported_classes(len(self.label_names), self.positive)

    def decide(self, truth: np.ndarray, predicted: np.ndarray) -> Predictions:
        return decide(truth, predicted, self.positive, self.threshold)

    def occurs(self, truth: np.ndarray) -> np.ndarray:
        return np.eye(len(self.label_names), dtype=bool)[truth]

    def fields(self, predicted: np.ndarray) -> dict[str, Any]:
        """`score` and `label`, the class that is said.

        `score` is the probability of the positive class of two, else a mapping from label to
        probability.
        """
        (chosen,) = choose_class(predicted[None], self.positive, self.threshold)
        score: Any = self.named(predicted)
        if len(self.label_names) == 2:
            score = score[self.label_names[self.reported[0]]]
        return {"score": score, "label": self.label_names[chosen]}
