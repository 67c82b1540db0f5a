"""Runs an option of `evaluation` on a predictor: suite scores and further measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vitrina.data.dataset import Split
from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.evaluate import Evaluation, compare_pairs, evaluate
from vitrina.evaluation.suites import Suite
from vitrina.noise.config import NoiseConfig
from vitrina.registry import component
from vitrina.tasks.task_metrics import TaskMetrics
from vitrina.text.batch import TextBatch


@dataclass(frozen=True)
class EvaluationTarget:
    """A predictor and its test data.

    Attributes:
        predict: texts to probabilities, float [num_texts, num_classes].
        task_metrics: compares probabilities with targets.
        test: the clean test texts.
        truth: targets in the form that `task_metrics` expects; None: the labels of `test`.
        trained_on: the training noise; None if unknown.
    """

    predict: Callable[[TextBatch], np.ndarray]
    task_metrics: TaskMetrics
    test: Split
    truth: np.ndarray | None = None
    trained_on: NoiseConfig | None = None


class Evaluator(Protocol):
    """Computes the measurements that an option of `evaluation` adds to the suites."""

    def check(self, config: Any, task_metrics: TaskMetrics) -> None:
        """Check that the option supports the task.

        Raises:
            InputError: names the option and its requirement.
        """
        ...

    def __call__(
        self,
        config: Any,
        target: EvaluationTarget,
        folder: Path,
        progress: Callable[[str], None],
    ) -> dict[str, Any]:
        """Return the new sections of `metrics.json` by key."""
        ...


def check_evaluation(config: EvaluationConfig, task_metrics: TaskMetrics) -> None:
    """Make the checks of `measure` before training.

    Raises:
        InputError: if the option does not support the task.
    """
    evaluator = _evaluator(config)
    if evaluator is not None:
        evaluator.check(config, task_metrics)


def _evaluator(config: EvaluationConfig) -> Evaluator | None:
    """Return the evaluator of the option; None if it only scores suites."""
    chosen = component("evaluation", config.kind)
    return chosen.load()() if chosen.target else None


def measure(
    config: EvaluationConfig,
    target: EvaluationTarget,
    folder: Path,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Return the sections of `metrics.json` that the option adds to the suites.

    Args:
        folder: output folder for files of the evaluator.
        progress: called with a line per step.

    Raises:
        InputError: if the option does not support the target.
    """
    evaluator = _evaluator(config)
    return {} if evaluator is None else evaluator(config, target, folder, progress)


def run_evaluation(
    config: EvaluationConfig,
    target: EvaluationTarget,
    suites: Iterable[Suite],
    folder: Path,
    *,
    progress: Callable[[str], None],
    on_suite: Callable[[Suite, Any], None] | None = None,
) -> tuple[Evaluation, dict[str, Any]]:
    """Return the suite scores and the further sections of `metrics.json`.

    Args:
        folder: output folder for files of the evaluator.
        progress: called with a line per step.
        on_suite: see `evaluate`.

    Raises:
        InputError: if the option does not support the target or a probability is not finite.
    """
    evaluation = evaluate(
        target.predict, suites, target.task_metrics, config, progress=progress, on_suite=on_suite
    )
    further = measure(config, target, folder, progress)
    if pairs := compare_pairs(evaluation):
        further["pairs"] = pairs
    return evaluation, further
