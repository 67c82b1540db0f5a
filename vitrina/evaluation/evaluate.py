"""Scoring a predictor on suites of texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from vitrina.errors import InputError
from vitrina.evaluation.bootstrap import intervals
from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.metrics import METRICS, chance, score
from vitrina.text.columns import Texts

if TYPE_CHECKING:
    from vitrina.evaluation.suites import Suite

RELATIVE = ("f1", "macro_f1", "roc_auc", "average_precision")
"""The scores that are also told relative to clean texts."""


@dataclass
class SuiteScores:
    """What one suite gave.

    Attributes:
        title: what the suite is. noise: the settings of its noise, empty without noise.
        labels: int64 [num_texts].
        scores: by name, see `vitrina.evaluation.metrics.score`; NaN where undefined.
        chance: the scores of guessing, see `vitrina.evaluation.metrics.chance`.
        intervals: 95 % intervals by name of score; empty if none were asked for.
        comments_per_second: texts scored in a second, the model's own work only.
    """

    title: str
    noise: dict[str, Any]
    labels: np.ndarray
    scores: dict[str, float]
    chance: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    comments_per_second: float


@dataclass
class Evaluation:
    """Scores and probabilities (float [num_texts, num_classes]) by name of suite, in order."""

    label_names: list[str]
    positive: int | None
    suites: dict[str, SuiteScores] = field(default_factory=dict)
    probabilities: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Plain sentences about scores that are undefined."""

    def relative(self, name: str) -> dict[str, dict[str, float]]:
        """`s(p) / s(0)` and `(s(p) - c) / (s(0) - c)` of a suite, by score.

        `s(0)` is the score on clean texts and `c` that of guessing. Empty unless `clean` was
        scored and the suite holds the same labels in the same order.
        """
        clean, this = self.suites.get("clean"), self.suites[name]
        if clean is None or not np.array_equal(clean.labels, this.labels):
            return {}
        found: dict[str, dict[str, float]] = {"relative": {}, "above_chance": {}}
        for metric in RELATIVE:
            s, s0, c = this.scores[metric], clean.scores[metric], clean.chance[metric]
            found["relative"][metric] = s / s0 if s0 > 0 else float("nan")
            found["above_chance"][metric] = (s - c) / (s0 - c) if s0 != c else float("nan")
        return found

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Everything by suite as plain values, the part `test` of a run's `metrics.json`."""
        return {
            name: {
                **suite.scores,
                "intervals": {key: list(ends) for key, ends in suite.intervals.items()},
                "chance": suite.chance,
                **self.relative(name),
                "noise": suite.noise,
                "comments_per_second": suite.comments_per_second,
            }
            for name, suite in self.suites.items()
        }


def evaluate(
    predict_proba: Callable[[Texts], np.ndarray],
    suites: Iterable[Suite],
    label_names: Sequence[str],
    positive: int | None,
    config: EvaluationConfig,
    *,
    progress: Callable[[str], None] | None = None,
    on_suite: Callable[[Suite, np.ndarray], None] | None = None,
) -> Evaluation:
    """Score `predict_proba` on each suite.

    Args:
        predict_proba: texts to float [num_texts, num_classes], in the order of `label_names`.
        positive: index of the positive class; only used with two classes.
        progress: told the name of each suite before it is scored.
        on_suite: given each suite and its probabilities while its texts are at hand, to write
            predictions.

    Raises:
        InputError: if a probability is not finite, as after a training that diverged.
    """
    evaluation = Evaluation(list(label_names), positive)
    for suite in suites:
        if progress is not None:
            progress(f"scoring {suite.name}: {suite.title}")
        start = time.perf_counter()
        probabilities = np.asarray(predict_proba(suite.texts), dtype=np.float64)
        seconds = time.perf_counter() - start
        expected = (len(suite.texts), len(label_names))
        assert probabilities.shape == expected, (probabilities.shape, expected)
        if not np.isfinite(probabilities).all():
            raise InputError(
                f"the model gives no finite probabilities for suite {suite.name}: its training "
                "diverged; a lower optimizer.learning_rate or training.clip_norm may help"
            )
        evaluation.probabilities[suite.name] = probabilities
        evaluation.suites[suite.name] = _score_suite(
            suite, probabilities, positive, config, seconds
        )
        evaluation.notes += _undefined(suite, evaluation)
        if on_suite is not None:
            on_suite(suite, probabilities)
    return evaluation


def _score_suite(
    suite: Suite,
    probabilities: np.ndarray,
    positive: int | None,
    config: EvaluationConfig,
    seconds: float,
) -> SuiteScores:
    given = (suite.labels, probabilities, positive)
    found = (
        intervals(*given, resamples=config.bootstrap, seed=config.seed) if config.bootstrap else {}
    )
    return SuiteScores(
        title=suite.title,
        noise=suite.noise,
        labels=suite.labels,
        scores=score(*given),
        chance=chance(suite.labels, probabilities.shape[1], positive),
        intervals=found,
        comments_per_second=len(suite.texts) / max(seconds, 1e-9),
    )


def _undefined(suite: Suite, evaluation: Evaluation) -> list[str]:
    scores = evaluation.suites[suite.name].scores
    names = [metric for metric in METRICS if np.isnan(scores[metric])]
    occurring = [evaluation.label_names[k] for k in np.unique(suite.labels)]
    notes = []
    if names:
        notes.append(
            f"{suite.name}: {', '.join(names)} undefined; labels that occur: "
            f"{', '.join(occurring) or 'none'}"
        )
    elif len(occurring) < len(evaluation.label_names):
        absent = sorted(set(evaluation.label_names) - set(occurring))
        notes.append(f"{suite.name}: no text has the label {', '.join(absent)}")
    return notes
