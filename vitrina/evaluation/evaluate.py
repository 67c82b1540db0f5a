"""Scores a predictor on suites of texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vitrina.data.ingestion import CORRECTED, RAW
from vitrina.errors import InputError
from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.suites import Suite
from vitrina.tasks.task_metrics import LabelMetrics, TaskMetrics
from vitrina.text.batch import TextBatch


@dataclass
class SuiteScores:
    """Scores of one suite.

    Attributes:
        title: description of the suite. noise: settings of its noise; empty without noise.
        truth: targets, one item per text.
        scores: by name, see `TaskMetrics.score`; NaN where undefined.
        chance: scores of random guessing.
        intervals: 95 % intervals by name of score; empty without bootstrap.
        comments_per_second: texts per second of prediction alone.
        labels: scores by name of label; empty for tasks without labels.
    """

    title: str
    noise: dict[str, Any]
    truth: Any
    scores: dict[str, float]
    chance: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    comments_per_second: float
    labels: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass
class Evaluation:
    """Scores and predictions (one row per text) by name of suite, in order."""

    task_metrics: TaskMetrics
    suites: dict[str, SuiteScores] = field(default_factory=dict)
    predicted: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Explanations of undefined scores, one line each."""

    def relative(self, name: str) -> dict[str, dict[str, float]]:
        """Return `s(p) / s(0)` and `(s(p) - c) / (s(0) - c)` of a suite, by score.

        `s(0)` is the score on clean texts and `c` that of random guessing. Empty unless `clean`
        was scored and has the same targets as the suite, in the same order.
        """
        clean, this = self.suites.get("clean"), self.suites[name]
        if clean is None or not self.task_metrics.same(clean.truth, this.truth):
            return {}
        found: dict[str, dict[str, float]] = {"relative": {}, "above_chance": {}}
        for metric in self.task_metrics.relative:
            s, s0, c = this.scores[metric], clean.scores[metric], clean.chance[metric]
            found["relative"][metric] = s / s0 if s0 > 0 else float("nan")
            found["above_chance"][metric] = (s - c) / (s0 - c) if s0 != c else float("nan")
        return found

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Return the section `test` of `metrics.json`: plain values by suite."""
        return {
            name: {
                **suite.scores,
                "labels": suite.labels,
                "intervals": {key: list(ends) for key, ends in suite.intervals.items()},
                "chance": suite.chance,
                **self.relative(name),
                "noise": suite.noise,
                "comments_per_second": suite.comments_per_second,
            }
            for name, suite in self.suites.items()
        }


def evaluate(
    predict: Callable[[TextBatch], Any],
    suites: Iterable[Suite],
    task_metrics: TaskMetrics,
    config: EvaluationConfig,
    *,
    progress: Callable[[str], None] | None = None,
    on_suite: Callable[[Suite, Any], None] | None = None,
) -> Evaluation:
    """Score `predict` on each suite.

    Args:
        predict: maps texts to the input of `task_metrics`, such as float [num_texts, …].
        progress: called with the name of each suite before it is scored.
        on_suite: called with each suite and its predictions, while its texts are in memory.

    Raises:
        InputError: if a probability is not finite, for example after training diverged.
    """
    evaluation = Evaluation(task_metrics)
    for suite in suites:
        if progress is not None:
            progress(f"scoring {suite.name}: {suite.title}")
        start = time.perf_counter()
        predicted = task_metrics.settled(predict(suite.texts))
        seconds = time.perf_counter() - start
        if not np.isfinite(task_metrics.values(predicted)).all():
            raise InputError(
                f"suite {suite.name}: the model predicts NaN or infinite probabilities because its "
                "training diverged; try a lower optimizer.learning_rate or training.clip_norm"
            )
        evaluation.predicted[suite.name] = predicted
        scored = _score_suite(suite, predicted, task_metrics, config, seconds)
        evaluation.suites[suite.name] = scored
        notes = task_metrics.notes(suite.truth, scored.scores)
        evaluation.notes += [f"{suite.name}: {note}" for note in notes]
        if on_suite is not None:
            on_suite(suite, predicted)
    return evaluation


def _score_suite(
    suite: Suite,
    predicted: Any,
    task_metrics: TaskMetrics,
    config: EvaluationConfig,
    seconds: float,
) -> SuiteScores:
    given, found = (suite.truth, predicted), {}
    if config.bootstrap:
        found = task_metrics.intervals(*given, resamples=config.bootstrap, seed=config.seed)
    return SuiteScores(
        title=suite.title,
        noise=suite.noise,
        truth=suite.truth,
        scores=task_metrics.score(*given),
        labels=task_metrics.score_labels(*given),
        chance=task_metrics.chance(suite.truth),
        intervals=found,
        comments_per_second=len(suite.texts) / max(seconds, 1e-9),
    )


def compare_pairs(evaluation: Evaluation) -> dict[str, Any]:
    """Return the section `pairs` of `metrics.json`; empty if no pairs were scored.

    `recall_raw` and `recall_corrected` are the recall of the positive label (or the mean over the
    labels that occur) on disguises written by people and on the corrected texts. `flip_rate` is
    the share of pairs with different predictions. Undefined scores are NaN.
    """
    if RAW not in evaluation.suites or CORRECTED not in evaluation.suites:
        return {}
    task_metrics = evaluation.task_metrics
    assert isinstance(task_metrics, LabelMetrics)
    raw, corrected = evaluation.suites[RAW], evaluation.suites[CORRECTED]
    chosen = [
        task_metrics.decide(evaluation.suites[name].truth, evaluation.predicted[name]).chosen
        for name in (RAW, CORRECTED)
    ]
    flipped = (chosen[0] != chosen[1]).any(axis=1)
    return {
        "count": len(flipped),
        "recall_raw": raw.scores["recall"],
        "recall_corrected": corrected.scores["recall"],
        "flip_rate": float(flipped.mean()),
    }
