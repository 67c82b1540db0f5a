"""Thresholds of human review: which texts a model should not decide alone.

A text goes to review if `unread` or `unsupported` (`vitrina.models.coverage`) reaches its
threshold. Both are chosen after training on the clean benign validation texts, and saved in the
run's folder as `review.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from vitrina.data.dataset import Split
from vitrina.errors import InputError
from vitrina.files import replacing
from vitrina.models.coverage import Coverage
from vitrina.models.prepare import TextPipeline
from vitrina.tasks.base import Task
from vitrina.tasks.task_metrics import ClassMetrics, LabelMetrics
from vitrina.tasks.thresholds import threshold_at
from vitrina.text.batch import TextBatch

MIN_UNSUPPORTED = 0.1
"""Lowest threshold of `unsupported`."""
FILE = "review.json"
"""File name in the folder of a run."""
SHARE = 0.01
"""Maximum share of clean benign texts that should go to review."""


@dataclass(frozen=True)
class ReviewThresholds:
    """The lowest shares that send a text to review."""

    unread: float
    unsupported: float

    def sends(self, coverage: Coverage) -> np.ndarray:
        """Return bool [num_texts], which texts go to review."""
        unread, unsupported = coverage.unread, coverage.unsupported
        return (unread >= self.unread) | (unsupported >= self.unsupported)


def choose_review_thresholds(coverage: Coverage, share: float) -> ReviewThresholds:
    """Return the lowest thresholds that send at most `share` of the texts to review.

    `unread` may send half of them, and `unsupported` the rest. Where the share allows no text, a
    text of which nothing was read (1) still goes to review, and a single unknown word does not.

    >>> texts = Coverage(np.array([0, 0, 0.5, 1]), np.array([0, 0.2, 0, 0]))
    >>> choose_review_thresholds(texts, 0.5).sends(texts).tolist()
    [False, True, False, True]
    """
    unread, unsupported = coverage.unread, coverage.unsupported
    first = min(threshold_at(unread, share / 2), 1.0)
    left = unsupported[unread < first]
    rest = share * len(unread) - np.count_nonzero(unread >= first)
    second = threshold_at(left, max(rest, 0) / max(len(left), 1))
    return ReviewThresholds(first, max(second, MIN_UNSUPPORTED))


def choose_review(
    task: Task, folder: Path, clean: Split, pipeline: TextPipeline
) -> ReviewThresholds | None:
    """Choose and write the thresholds of a run; None if its task predicts no labels.

    The share of the validation texts is one standard error below `SHARE`, so that other texts of
    the same kind keep it.

    Args:
        clean: the clean validation texts; with two classes only the benign ones count.
    """
    metrics = task.task_metrics
    if not isinstance(metrics, LabelMetrics):
        return None
    texts = clean.texts
    if isinstance(metrics, ClassMetrics) and len(metrics.label_names) == 2:
        benign = np.flatnonzero(clean.labels != metrics.reported[0])
        texts = texts.take(benign) if len(benign) else texts
    error = math.sqrt(SHARE * (1 - SHARE) / max(len(texts), 1))
    thresholds = choose_review_thresholds(pipeline.coverage(texts), max(SHARE - error, 0.0))
    write_review_thresholds(folder, thresholds)
    return thresholds


def reviewer(
    pipeline: TextPipeline, thresholds: ReviewThresholds
) -> Callable[[TextBatch], np.ndarray]:
    """Return a function from cleaned texts to bool [num_texts], which of them go to review."""
    return lambda texts: thresholds.sends(pipeline.coverage(texts))


def write_review_thresholds(folder: Path, thresholds: ReviewThresholds) -> None:
    """Write thresholds to the folder of a run, atomically."""
    with replacing(folder / FILE) as file:
        file.write(json.dumps(asdict(thresholds), indent=2) + "\n")


def read_review_thresholds(folder: Path) -> ReviewThresholds:
    """Read the thresholds from the folder of a run.

    Raises:
        InputError: if the file is missing or invalid.
    """
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; the end of training writes it") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from None
    names = [each.name for each in fields(ReviewThresholds)]
    if not isinstance(found, dict) or set(found) != set(names):
        raise InputError(f"{path}: must map {' and '.join(names)} to thresholds")
    values = [found[name] for name in names]
    if not all(type(value) in (int, float) and math.isfinite(value) for value in values):
        raise InputError(f"{path}: thresholds must be numbers")
    return ReviewThresholds(*map(float, values))
