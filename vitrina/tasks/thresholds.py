"""Decision thresholds of labels, chosen on the validation texts.

They have the highest F1, or with `task.false_alarms` a share of false alarms that holds under
noise. They are chosen after training, with the best weights, and saved in the run's folder as
`thresholds.json`, a mapping from label to threshold.
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
from vitrina.tasks.config import DEFAULT_THRESHOLD
from vitrina.text.batch import TextBatch

FILE = "thresholds.json"
"""File name in the folder of a run."""

MARGIN = 0.03
"""How far false alarms under a noise may exceed those on clean texts, with `task.false_alarms`."""


def best_threshold(occurs: np.ndarray, probability: np.ndarray) -> float:
    """Return the threshold with the highest F1, from 0 to 1.

    It is the midpoint of the two neighboring probabilities that it separates (of 0 and the lowest
    one if all are above it). Ties go to the threshold nearest to 0.5, then to the higher one. It is
    0.5 if the label does not occur.

    Args:
        occurs: bool [num_texts], whether a text has the label.
        probability: float [num_texts].

    >>> best_threshold(np.array([True, False]), np.array([0.75, 0.25]))
    0.5
    """
    if not occurs.any():
        return DEFAULT_THRESHOLD
    precision, recall, distinct = precision_recall_curve(occurs, probability.astype(np.float64))
    precision, recall = precision[:-1], recall[:-1]  # drop the point without predictions
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    between = (distinct + np.append(0.0, distinct[:-1])) / 2
    best: list[float] = between[f1 >= f1.max() - 1e-12].tolist()
    return min(best, key=lambda threshold: (abs(threshold - DEFAULT_THRESHOLD), -threshold))


def threshold_at(scores: np.ndarray, share: float) -> float:
    """Return the lowest threshold that at most `share` of `scores` reach.

    Args:
        scores: float64 [num_texts] of benign texts. NaN is returned for none.

    >>> float(threshold_at(np.array([0.1, 0.2, 0.3, 0.9]), 0.25)) > 0.3
    True
    """
    if not len(scores):
        return float("nan")
    falling = np.sort(scores)[::-1]
    allowed = int(share * len(scores) + 1e-9)
    return float(np.nextafter(falling[allowed], np.inf)) if allowed < len(scores) else 0.0


def choose_thresholds(
    task: Task,
    folder: Path,
    views: Iterable[Split],
    predict: Callable[[TextBatch], np.ndarray],
    changed: Callable[[TextBatch], Iterable[TextBatch]],
) -> dict[str, float]:
    """Choose, write and use the thresholds of a task; return them by label.

    Args:
        views: the validation texts, first clean, then noisy; they count the same for F1.
        predict: predicts with the best weights.
        changed: returns texts with several kinds of noise, for `task.false_alarms`.
    """
    if not task.waits_for_thresholds:
        return {}
    views = list(views)
    if task.false_alarms is not None:
        thresholds = _calm_threshold(task, task.false_alarms, views, predict, changed)
    else:
        truth = np.concatenate([task.truth(view) for view in views])
        predicted = np.concatenate([predict(view.texts) for view in views])
        thresholds = task.choose_thresholds(truth, predicted)
    write_thresholds(folder, thresholds)
    task.use_thresholds(thresholds)
    return thresholds


def _calm_threshold(
    task: Task,
    share: float,
    views: list[Split],
    predict: Callable[[TextBatch], np.ndarray],
    changed: Callable[[TextBatch], Iterable[TextBatch]],
) -> dict[str, float]:
    """Return the lowest threshold with at most `share` of false alarms on clean benign texts, and
    at most `MARGIN` more under each noise."""
    (name,) = task.threshold_names
    positive = task.label_names.index(name)
    benign = [view.texts.take(np.flatnonzero(task.truth(view) != positive)) for view in views]
    texts = [*benign, *changed(benign[0])]
    scores = [predict(each)[:, positive].astype(np.float64) for each in texts if len(each)]
    shares = [share, *(share + MARGIN for _ in scores[1:])]
    found = [threshold_at(each, rate) for each, rate in zip(scores, shares, strict=True)]
    return {name: min(max(found, default=DEFAULT_THRESHOLD), 1.0)}


def write_thresholds(folder: Path, thresholds: Mapping[str, float]) -> None:
    """Write thresholds to the folder of a run, atomically."""
    with replacing(folder / FILE) as file:
        file.write(json.dumps(dict(thresholds), ensure_ascii=False, indent=2) + "\n")


def read_thresholds(folder: Path, names: list[str]) -> dict[str, float]:
    """Read the thresholds of the labels `names` from the folder of a run.

    Raises:
        InputError: if the file is missing or invalid, or has other labels.
    """
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file; task.threshold=validation or task.false_alarms "
            "chooses the thresholds at the end of training"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from None
    if not isinstance(found, dict) or set(found) != set(names):
        raise InputError(f"{path}: must map the labels {', '.join(names[:20])} to thresholds")
    if not all(_is_threshold(value) for value in found.values()):
        raise InputError(f"{path}: thresholds must be numbers from 0 to 1")
    return {name: float(found[name]) for name in names}


def _is_threshold(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 1
