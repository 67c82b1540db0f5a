"""Runs an option of `evaluation` on a predictor: suite scores and further measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.evaluate import Evaluation, compare_pairs, evaluate
from vitrina.evaluation.innocent import UNSUPPORTED, measure_innocent, read_innocent, supports
from vitrina.evaluation.review import ReviewEvaluation
from vitrina.evaluation.suites import Suite
from vitrina.evaluation.target import EvaluationTarget
from vitrina.registry import component
from vitrina.tasks.task_metrics import TaskMetrics


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
        InputError: if the option does not support the task, or `innocent` cannot be read.
    """
    evaluator = _evaluator(config)
    if evaluator is not None:
        evaluator.check(config, task_metrics)
    if config.innocent is not None and supports(task_metrics):
        read_innocent(config.innocent)


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
    review = ReviewEvaluation(target) if target.review is not None else None

    def observe(suite: Suite, predicted: Any) -> None:
        if review is not None:
            review.add(suite, predicted)
        if on_suite is not None:
            on_suite(suite, predicted)

    evaluation = evaluate(
        target.predict, suites, target.task_metrics, config, progress=progress, on_suite=observe
    )
    further = measure(config, target, folder, progress)
    if review is not None:
        further["review"] = review.suites
    if config.innocent is not None or config.innocent_texts != 0:
        if supports(target.task_metrics):
            clean = evaluation.predicted.get("clean")
            further["innocent"] = measure_innocent(config, target, clean, folder, progress)
        else:
            evaluation.notes.append(UNSUPPORTED)
    if pairs := compare_pairs(evaluation):
        further["pairs"] = pairs
    return evaluation, further
