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
from vitrina.evaluation.scoring import Scoring
from vitrina.noise.config import NoiseConfig
from vitrina.text.columns import Texts


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        predict: texts to probabilities, float [num_texts, num_classes].
        scoring: how they are compared with the truth.
        test: the clean test texts.
        truth: what is true of them, as `scoring` takes it; None: their labels.
        trained_on: the noise of the training; None where it is not known.
    """

    predict: Callable[[Texts], np.ndarray]
    scoring: Scoring
    test: Split
    truth: np.ndarray | None = None
    trained_on: NoiseConfig | None = None


def check_measures(config: EvaluationConfig, scoring: Scoring) -> None:
    """Refuse, before anything is trained, what `measure` would refuse.

    Raises:
        InputError: if the option does not suit what is predicted.
    """
    if isinstance(config, AttackEvaluationConfig):
        from vitrina.attacks.measure import attackable

        attackable(config, scoring)
    if isinstance(config, FullEvaluationConfig):
        from vitrina.evaluation.robustness import curvable

        curvable(scoring)


def measure(
    config: EvaluationConfig, subject: Subject, folder: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    """What the option measures beyond the suites, as it stands in `metrics.json` beside `test`.

    Args:
        folder: for files that belong to it.
        progress: told in a line what is being done.

    Raises:
        InputError: if the option does not suit the subject.
    """
    if isinstance(config, AttackEvaluationConfig):
        from vitrina.attacks.measure import measure_attack

        return {"attack": measure_attack(config, subject, folder, progress)}
    if isinstance(config, FullEvaluationConfig):
        from vitrina.evaluation.robustness import measure_curves

        return {"curves": measure_curves(config, subject, progress)}
    return {}
