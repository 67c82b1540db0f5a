"""`evaluation=attack`: the test texts of a run under attack."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import InputError
from vitrina.evaluation.attacks.config import AttackConfig
from vitrina.evaluation.attacks.examples import write_examples
from vitrina.evaluation.attacks.search import AttackResult, attack, attacked_labels
from vitrina.evaluation.evaluators import EvaluationTarget
from vitrina.noise.randomness import text_keys
from vitrina.tasks.task_metrics import ClassMetrics, TaskMetrics


def attackable(config: AttackConfig, task_metrics: TaskMetrics) -> ClassMetrics:
    """`task_metrics`, if texts that are scored so can be attacked.

    Raises:
        InputError: if they cannot.
    """
    if not isinstance(task_metrics, ClassMetrics):
        raise InputError("evaluation=attack: needs texts of one class each (task=classification)")
    attacked_labels(np.zeros(0, dtype=np.int64), task_metrics, config)
    return task_metrics


class AttackEvaluator:
    """The evaluator of `evaluation=attack`."""

    def check(self, config: AttackConfig, task_metrics: TaskMetrics) -> None:
        attackable(config, task_metrics)

    def __call__(
        self,
        config: AttackConfig,
        target: EvaluationTarget,
        folder: Path,
        progress: Callable[[str], None],
    ) -> dict[str, Any]:
        return {"attack": measure_attack(config, target, folder, progress)}


def measure_attack(
    config: AttackConfig, target: EvaluationTarget, folder: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Attack a sample of the test texts, and write the examples that got through.

    Returns:
        The part `attack` of `metrics.json`: as `AttackResult.metrics`, with the names of the files
        of examples and the seconds that the attack took.
    """
    task_metrics = attackable(config, target.task_metrics)
    test = target.test
    labels = test.labels if target.truth is None else target.truth
    attacked = attacked_labels(labels, task_metrics, config)
    sample = sample_texts(attacked, config.texts, config.seed)
    progress(f"attacking {int(attacked[sample].sum()):,} test texts")
    started = time.perf_counter()
    result = attack(
        target.predict,
        test.texts.take(sample),
        labels[sample],
        config,
        task_metrics=task_metrics,
        indices=sample,
        progress=progress,
    )
    seconds = time.perf_counter() - started
    return result.metrics() | {
        "examples": _write(result, folder, target, task_metrics),
        "seconds": seconds,
    }


def sample_texts(attacked: np.ndarray, most: int, seed: int) -> np.ndarray:
    """int64, rising: texts in an order drawn at random, up to `most` of those that are attacked.

    The others among them stay unchanged, so that scores are those of texts as often of each class
    as the test texts are.

    Args:
        attacked: bool [num_texts].
    """
    order = np.argsort(text_keys(seed, 0, np.arange(len(attacked))), kind="stable")
    taken = np.cumsum(attacked[order])
    if len(order) and taken[-1] > most:
        order = order[: int(np.searchsorted(taken, most)) + 1]
    return np.sort(order)


def _write(
    result: AttackResult, folder: Path, target: EvaluationTarget, task_metrics: ClassMetrics
) -> dict[str, str]:
    files = {}
    for name, found in result.searches.items():
        path = folder / f"attack_{name}.jsonl"
        write_examples(path, name, found.successes, target.test.rows, task_metrics.label_names)
        files[name] = path.name
    return files
