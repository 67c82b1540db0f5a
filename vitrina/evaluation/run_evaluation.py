"""All that an option of `evaluation` asks for, of anything that scores texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.evaluate import Evaluation, evaluate
from vitrina.evaluation.evaluators import EvaluationTarget, measure
from vitrina.evaluation.pairs import compare_pairs
from vitrina.evaluation.suites import Suite


def run_evaluation(
    config: EvaluationConfig,
    subject: EvaluationTarget,
    suites: Iterable[Suite],
    folder: Path,
    *,
    tell: Callable[[str], None],
    on_suite: Callable[[Suite, Any], None] | None = None,
) -> tuple[Evaluation, dict[str, Any]]:
    """The scores of the suites, and what else is measured, by its key in `metrics.json`.

    Args:
        folder: for the files that belong to it.
        tell: told in a line what is being done.
        on_suite: as `evaluate` has it.

    Raises:
        InputError: if the option does not suit the subject, or its scores are not finite.
    """
    evaluation = evaluate(
        subject.predict, suites, subject.task_metrics, config, progress=tell, on_suite=on_suite
    )
    further = measure(config, subject, folder, tell)
    if pairs := compare_pairs(evaluation):
        further["pairs"] = pairs
    return evaluation, further
