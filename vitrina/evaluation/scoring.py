"""How what a model says is compared with what is true: the part of evaluation a task chooses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from vitrina.evaluation.bootstrap import intervals
from vitrina.evaluation.metrics import METRICS, chance, reported_classes, score


class Scoring(ABC):
    """Scores of predictions against the truth, and what is written of one text.

    What is true and what is predicted are arrays with a row for each text, of whatever form the
    task gives them.

    Attributes:
        metrics: names of all scores, in the order of tables; all lie in [0, 1], more is better.
        relative: the scores that are also told relative to clean texts.
        shown: the scores in the table of a run, and their headings.
    """

    metrics: ClassVar[Sequence[str]]
    relative: ClassVar[Sequence[str]]
    shown: ClassVar[dict[str, str]]

    @property
    @abstractmethod
    def what(self) -> str:
        """Of what the scores are, in a few words, for below a table."""

    @abstractmethod
    def score(self, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """All scores, NaN where one is undefined, and `count`, what they are counted over."""

    @abstractmethod
    def chance(self, truth: np.ndarray) -> dict[str, float]:
        """The scores of guessing."""

    @abstractmethod
    def intervals(
        self, truth: np.ndarray, predicted: np.ndarray, *, resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        """95 % intervals of some of the scores."""

    @abstractmethod
    def notes(self, truth: np.ndarray, scores: dict[str, float]) -> list[str]:
        """Plain sentences about what is undefined or absent."""

    @abstractmethod
    def fields(self, predicted: np.ndarray) -> dict[str, Any]:
        """What a file of predictions says of one text, from its row of what is predicted."""


class ClassScoring(Scoring):
    """One class for each text: labels int64 [num_texts], probabilities [num_texts, num_classes].

    Args:
        label_names: names of the classes.
        positive: with two classes the one whose scores are reported; None: the last one.
    """

    metrics: ClassVar[Sequence[str]] = METRICS
    relative: ClassVar[Sequence[str]] = ("f1", "macro_f1", "roc_auc", "average_precision")
    shown: ClassVar[dict[str, str]] = {
        "f1": "F1",
        "macro_f1": "macro F1",
        "roc_auc": "ROC-AUC",
        "average_precision": "avg. prec.",
        "accuracy": "accuracy",
    }

    def __init__(self, label_names: Sequence[str], positive: int | None) -> None:
        self.label_names = list(label_names)
        self.positive = positive

    @property
    def what(self) -> str:
        if len(self.label_names) > 2:
            return "F1: mean over the classes"
        return f"F1: class {self.label_names[reported_classes(2, self.positive)[0]]}"

    def score(self, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        return score(truth, predicted, self.positive)

    def chance(self, truth: np.ndarray) -> dict[str, float]:
        return chance(truth, len(self.label_names), self.positive)

    def intervals(
        self, truth: np.ndarray, predicted: np.ndarray, *, resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        return intervals(truth, predicted, self.positive, resamples=resamples, seed=seed)

    def notes(self, truth: np.ndarray, scores: dict[str, float]) -> list[str]:
        undefined = [metric for metric in self.metrics if np.isnan(scores[metric])]
        occurring = [self.label_names[k] for k in np.unique(truth)]
        if undefined:
            labels = ", ".join(occurring) or "none"
            return [f"{', '.join(undefined)} undefined; labels that occur: {labels}"]
        absent = sorted(set(self.label_names) - set(occurring))
        return [f"no text has the label {', '.join(absent)}"] if absent else []

    def fields(self, predicted: np.ndarray) -> dict[str, Any]:
        """`score` and `label`, the most probable class.

        `score` is the probability of the positive class of two, else a mapping from label to
        probability.
        """
        if len(self.label_names) == 2:
            score: Any = round(float(predicted[reported_classes(2, self.positive)[0]]), 6)
        else:
            named = zip(self.label_names, predicted.tolist(), strict=True)
            score = {name: round(value, 6) for name, value in named}
        return {"score": score, "label": self.label_names[int(np.argmax(predicted))]}
