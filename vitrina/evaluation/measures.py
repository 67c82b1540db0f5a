"""What an option of evaluation measures beyond the scores of its suites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.data.dataset import Split
from vitrina.evaluation.config import AttackEvaluationConfig, EvaluationConfig
from vitrina.evaluation.scoring import Scoring
from vitrina.text.columns import Texts


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        predict: texts to float [num_texts, num_classes].
        scoring: how what is predicted is compared with what is true.
        test: the test texts.
    """

    predict: Callable[[Texts], np.ndarray]
    scoring: Scoring
    test: Split


def check_measures(config: EvaluationConfig, scoring: Scoring) -> None:
    """Refuse, before anything is trained, what `measure` could not measure.

    Raises:
        InputError: if the option does not suit the labels.
    """
    if isinstance(config, AttackEvaluationConfig):
        from vitrina.attacks.measure import attackable

        attackable(config, scoring)


def measure(
    config: EvaluationConfig, subject: Subject, folder: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    """What stands in `metrics.json` beside the scores of the suites; empty for kind levels.

    Args:
        folder: where files go that are written beside.
        progress: told a line now and then.

    Raises:
        InputError: if the option does not suit the subject.
    """
    if isinstance(config, AttackEvaluationConfig):
        from vitrina.attacks.measure import measure_attack

        return {"attack": measure_attack(config, subject, folder, progress)}
    return {}
