"""What an option of `evaluation` measures beyond the suites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.data.dataset import Split
from vitrina.evaluation.config import (
    AttackEvaluationConfig,
    EvaluationConfig,
    FullEvaluationConfig,
)
from vitrina.noise.config import NoiseConfig
from vitrina.tasks.task_metrics import TaskMetrics
from vitrina.text.batch import TextBatch


@dataclass(frozen=True)
class EvaluationTarget:
    """What is measured.

    Attributes:
        predict: texts to probabilities, float [num_texts, num_classes].
        scoring: how they are compared with the truth.
        test: the clean test texts.
        truth: what is true of them, as `task_metrics` takes it; None: their labels.
        trained_on: the noise of the training; None where it is not known.
    """

    predict: Callable[[TextBatch], np.ndarray]
    task_metrics: TaskMetrics
    test: Split
    truth: np.ndarray | None = None
    trained_on: NoiseConfig | None = None


def check_measures(config: EvaluationConfig, task_metrics: TaskMetrics) -> None:
    """Refuse, before anything is trained, what `measure` would refuse.

    Raises:
        InputError: if the option does not suit what is predicted.
    """
    if isinstance(config, AttackEvaluationConfig):
        from vitrina.evaluation.attacks.measure import attackable

        attackable(config, task_metrics)
    if isinstance(config, FullEvaluationConfig):
        from vitrina.evaluation.robustness import curvable

        curvable(task_metrics)


def measure(
    config: EvaluationConfig,
    subject: EvaluationTarget,
    folder: Path,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """What the option measures beyond the suites, as it stands in `metrics.json` beside `test`.

    Args:
        folder: for files that belong to it.
        progress: told in a line what is being done.

    Raises:
        InputError: if the option does not suit the subject.
    """
    if isinstance(config, AttackEvaluationConfig):
        from vitrina.evaluation.attacks.measure import measure_attack

        return {"attack": measure_attack(config, subject, folder, progress)}
    if isinstance(config, FullEvaluationConfig):
        from vitrina.evaluation.robustness import measure_curves

        return {"curves": measure_curves(config, subject, progress)}
    return {}
