"""Writes predictions and metrics to files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vitrina import files
from vitrina.evaluation.suites import Suite
from vitrina.files import make_folder, replacing
from vitrina.tasks.task_metrics import TaskMetrics


def with_prediction(row: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Return `row` followed by `added`; fields of `row` with equal names become `original_…`.

    >>> with_prediction({"text": "a", "score": 3}, {"score": 0.5})
    {'text': 'a', 'original_score': 3, 'score': 0.5}
    """
    kept: dict[str, Any] = {}
    for name, value in row.items():
        free = str(name)
        while free in added or (free != name and free in row):
            free = f"original_{free}"
        kept[free] = value
    return kept | dict(added)


def json_line(value: Any) -> str:
    """Return `value` as one line of JSON; accepts NumPy values, NaN and infinities become null."""
    return files.json_line(plain(value))


def write_predictions(
    folder: Path, suite: Suite, predicted: Any, task_metrics: TaskMetrics
) -> Path:
    """Write `<folder>/<suite>.jsonl`, a line per text, and return its path.

    A line contains the fields of the row, `scored_text` (the input of the model, with noise) and
    the fields of `task_metrics`, such as `score` and `label`.

    Args:
        predicted: one row per text.
    """
    assert len(suite.texts) == len(predicted)
    make_folder(folder)
    path = folder / f"{suite.name}.jsonl"
    with replacing(path) as file:
        for index, text in enumerate(suite.texts):
            fields = task_metrics.fields(predicted[index])
            row = with_prediction(suite.rows[index], {"scored_text": text, **fields})
            file.write(json_line(row) + "\n")
    return path


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write `metrics` as JSON atomically; NaN and infinities become null."""
    with replacing(path) as file:
        json.dump(plain(metrics), file, ensure_ascii=False, allow_nan=False, indent=2)
        file.write("\n")


def plain(value: Any) -> Any:
    """Convert NumPy values to Python values, and NaN and infinities to None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
