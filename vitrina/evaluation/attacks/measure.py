"""`evaluation=attack`: attacks the test texts of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.data.rows import Rows
from vitrina.errors import InputError
from vitrina.evaluation.attacks.attempts import Attempt
from vitrina.evaluation.attacks.config import AttackConfig
from vitrina.evaluation.attacks.search import AttackResult, attack, attacked_labels
from vitrina.evaluation.evaluators import EvaluationTarget
from vitrina.evaluation.report import json_line, with_prediction
from vitrina.files import replacing
from vitrina.noise.randomness import text_keys
from vitrina.tasks.task_metrics import ClassMetrics, TaskMetrics


def require_classes(config: AttackConfig, task_metrics: TaskMetrics) -> ClassMetrics:
    """Return `task_metrics` if it scores one class per text and the attacked classes exist.

    Raises:
        InputError: otherwise.
    """
    if not isinstance(task_metrics, ClassMetrics):
        raise InputError("evaluation=attack: requires one class per text (task=classification)")
    attacked_labels(np.zeros(0, dtype=np.int64), task_metrics, config)
    return task_metrics


class AttackEvaluator:
    """The evaluator of `evaluation=attack`."""

    def check(self, config: AttackConfig, task_metrics: TaskMetrics) -> None:
        require_classes(config, task_metrics)

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
    """Attack a sample of the test texts and write the successful examples.

    Returns:
        The section `attack` of `metrics.json`: `AttackResult.metrics`, the names of the example
        files and the duration in seconds.
    """
    task_metrics = require_classes(config, target.task_metrics)
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
    """Sample texts at random until `most` of them are of an attacked class.

    Texts of other classes are in the sample too, to keep the class frequencies of the test texts.

    Args:
        attacked: bool [num_texts].

    Returns:
        int64, sorted indices.
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


def example(attempt: Attempt, search: str, label_names: Sequence[str]) -> dict[str, Any]:
    """Return the fields of an example file.

    `text` and `clean` are the edited and the original text, `label` and `predicted` the true and
    the predicted class. `edits` are [start, end, written, kind]: `clean[start:end]` becomes
    `written`. `score_before` and `score_after` are probabilities of the true class. `distance` is
    the largest visual distance of an edited word.
    """
    found_at = len(attempt.queries) - 1 if attempt.found_at is None else attempt.found_at
    distances = attempt.space.word_distances(attempt.chosen)
    return {
        "text": attempt.text,
        "clean": attempt.space.text,
        "label": label_names[attempt.label],
        "search": search,
        "edits": [list(edit) for edit in attempt.edits],
        "queries": attempt.queries[found_at],
        "score_before": round(attempt.clean_score, 6),
        "score_after": round(attempt.score, 6),
        "predicted": label_names[attempt.predicted],
        "distance": round(max(distances.values(), default=0.0), 6),
    }


def write_examples(
    path: Path, search: str, attempts: Iterable[Attempt], rows: Rows, label_names: Sequence[str]
) -> None:
    """Write a JSON line per attempt: the fields of its row and of `example`.

    `dataset=jsonl` can read the file. Fields of the row with the name of a field of `example` are
    renamed to `original_…`.

    Args:
        rows: by index of the text.
    """
    with replacing(path) as file:
        for attempt in attempts:
            added = example(attempt, search, label_names)
            file.write(json_line(with_prediction(rows[attempt.index], added)) + "\n")
