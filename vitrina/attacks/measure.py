"""`evaluation=attack`: the test texts of a run under attack."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vitrina.attacks.config import AttackConfig
from vitrina.attacks.examples import write_examples
from vitrina.attacks.search import AttackResult, attack, attacked_labels
from vitrina.errors import InputError
from vitrina.evaluation.scoring import ClassScoring, Scoring
from vitrina.noise.randomness import text_keys

if TYPE_CHECKING:
    from vitrina.evaluation.measures import Subject


def attackable(config: AttackConfig, scoring: Scoring) -> ClassScoring:
    """`scoring`, if texts that are scored so can be attacked.

    Raises:
        InputError: if they cannot.
    """
    if not isinstance(scoring, ClassScoring):
        raise InputError("evaluation=attack: needs texts of one class each (task=classification)")
    attacked_labels(np.zeros(0, dtype=np.int64), scoring, config)
    return scoring


def measure_attack(
    config: AttackConfig, subject: Subject, folder: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Attack a sample of the test texts, and write the examples that got through.

    Returns:
        The part `attack` of `metrics.json`: as `AttackResult.metrics`, with the names of the files
        of examples and the seconds that the attack took.
    """
    scoring = attackable(config, subject.scoring)
    test = subject.test
    labels = test.labels if subject.truth is None else subject.truth
    attacked = attacked_labels(labels, scoring, config)
    sample = sample_texts(attacked, config.texts, config.seed)
    progress(f"attacking {int(attacked[sample].sum()):,} test texts")
    started = time.perf_counter()
    result = attack(
        subject.predict,
        test.texts.take(sample),
        labels[sample],
        config,
        scoring=scoring,
        indices=sample,
        progress=progress,
    )
    seconds = time.perf_counter() - started
    return result.metrics() | {
        "examples": _write(result, folder, subject, scoring),
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
    result: AttackResult, folder: Path, subject: Subject, scoring: ClassScoring
) -> dict[str, str]:
    files = {}
    for name, found in result.searches.items():
        path = folder / f"attack_{name}.jsonl"
        write_examples(path, name, found.successes, subject.test.rows, scoring.label_names)
        files[name] = path.name
    return files
