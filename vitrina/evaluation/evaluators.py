"""Everything that an option of `evaluation` measures, of anything that scores texts."""

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
    """What is measured.

    Attributes:
        predict: texts to probabilities, float [num_texts, num_classes].
        task_metrics: how they are compared with the truth.
        test: the clean test texts.
        truth: what is true of them, as `task_metrics` takes it; None: their labels.
        trained_on: the noise of the training; None where it is not known.
    """

    predict: Callable[[TextBatch], np.ndarray]
    task_metrics: TaskMetrics
    test: Split
    truth: np.ndarray | None = None
    trained_on: NoiseConfig | None = None


class Evaluator(Protocol):
    """Measures what an option of `evaluation` adds to the suites."""

    def check(self, config: Any, task_metrics: TaskMetrics) -> None:
        """Refuse a task that cannot be measured so.

        Raises:
            InputError: names the option and what it needs.
        """
        ...

    def __call__(
        self,
        config: Any,
        target: EvaluationTarget,
        folder: Path,
        progress: Callable[[str], None],
    ) -> dict[str, Any]:
        """Measure, and return what `metrics.json` gets, by key."""
        ...


def check_evaluation(config: EvaluationConfig, task_metrics: TaskMetrics) -> None:
    """Refuse, before anything is trained, what `measure` would refuse.

    Raises:
        InputError: if the option does not suit what is predicted.
    """
    evaluator = _evaluator(config)
    if evaluator is not None:
        evaluator.check(config, task_metrics)


def _evaluator(config: EvaluationConfig) -> Evaluator | None:
    """The evaluator of the option; None if it measures suites only."""
    chosen = component("evaluation", config.kind)
    return chosen.load()() if chosen.target else None


def measure(
    config: EvaluationConfig,
    target: EvaluationTarget,
    folder: Path,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """What the option measures beyond the suites, for `metrics.json`.

    Args:
        folder: for files that belong to it.
        progress: receives a line for each step.

    Raises:
        InputError: if the option does not suit the target.
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
    """The scores of the suites, and what else is measured, by its key in `metrics.json`.

    Args:
        folder: for the files that belong to it.
        progress: receives a line for each step.
        on_suite: as `evaluate` has it.

    Raises:
        InputError: if the option does not suit the target, or its scores are not finite.
    """
    evaluation = evaluate(
        target.predict, suites, target.task_metrics, config, progress=progress, on_suite=on_suite
    )
    further = measure(config, target, folder, progress)
    if pairs := compare_pairs(evaluation):
        further["pairs"] = pairs
    return evaluation, further
