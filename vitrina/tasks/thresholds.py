"""Probabilities from which on a label is predicted, chosen where the F1 of validation is highest.

They are chosen when training has ended, with the weights that are kept, and saved in the run's
folder as `thresholds.json`: a mapping from label to threshold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve

from vitrina.data.dataset import Split
from vitrina.errors import InputError
from vitrina.files import replacing
from vitrina.tasks.base import Task
from vitrina.text.batch import TextBatch

FILE = "thresholds.json"
"""Its name in the folder of a run."""

EVEN = 0.5
"""The threshold of a label about which validation says nothing."""


def best_threshold(occurs: np.ndarray, probability: np.ndarray) -> float:
    """The threshold of the highest F1, from 0 to 1.

    It is half way between the two neighboring probabilities that it separates (the lowest one and
    0, where everything is above it). Of thresholds with equal F1 the one nearest to 0.5 is taken,
    of two at equal distance the higher. Where the label does not occur it is 0.5.

    Args:
        occurs: bool [num_texts], which texts have the label.
        probability: float [num_texts].
    """
    if not occurs.any():
        return EVEN
    precision, recall, distinct = precision_recall_curve(occurs, probability.astype(np.float64))
    precision, recall = precision[:-1], recall[:-1]  # without the point that predicts nothing
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    between = (distinct + np.append(0.0, distinct[:-1])) / 2
    best: list[float] = between[f1 >= f1.max() - 1e-12].tolist()
    return min(best, key=lambda threshold: (abs(threshold - EVEN), -threshold))


def choose_thresholds(
    task: Task,
    folder: Path,
    views: Iterable[Split],
    predict: Callable[[TextBatch], np.ndarray],
) -> dict[str, float]:
    """Choose, write and use the thresholds of a task that waits for them; they by label.

    Args:
        views: the validation texts, clean and noisy; all count the same.
        predict: with the weights that are kept.
    """
    if not task.waits_for_thresholds:
        return {}
    views = list(views)
    truth = np.concatenate([task.truth(view) for view in views])
    predicted = np.concatenate([predict(view.texts) for view in views])
    thresholds = task.choose_thresholds(truth, predicted)
    write_thresholds(folder, thresholds)
    task.use_thresholds(thresholds)
    return thresholds


def write_thresholds(folder: Path, thresholds: Mapping[str, float]) -> None:
    """Write them into the folder of a run, whole or not at all."""
    with replacing(folder / FILE) as file:
        file.write(json.dumps(dict(thresholds), ensure_ascii=False, indent=2) + "\n")


def read_thresholds(folder: Path, names: list[str]) -> dict[str, float]:
    """Those of the labels `names`, as `write_thresholds` left them in the folder of a run.

    Raises:
        InputError: if they are missing or broken, or of other labels.
    """
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file; task.threshold=validation is settled when the "
            "training of a run has ended"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from None
    if not isinstance(found, dict) or set(found) != set(names):
        raise InputError(f"{path}: not the thresholds of the labels {', '.join(names[:20])}")
    if not all(_is_threshold(value) for value in found.values()):
        raise InputError(f"{path}: a threshold is not a number from 0 to 1")
    return {name: float(found[name]) for name in names}


def _is_threshold(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 1
