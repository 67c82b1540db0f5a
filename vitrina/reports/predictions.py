"""Reads the predictions of a run: confusion, calibration, wrong predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitrina.data.fields import RowError, label_of
from vitrina.data.labels import label_set
from vitrina.errors import InputError
from vitrina.reports.runs import Run
from vitrina.tasks.calibration import NUM_BINS, brier_score, calibration_error

ADDED = ("scored_text", "score", "label", "words")
"""Fields that a predictions file adds; equal names in the row become `original_…`."""


@dataclass(frozen=True)
class RunPredictions:
    """The texts of a suite with true and predicted labels.

    Attributes:
        suite: name of the suite. names: names of the L labels.
        texts: scored texts, with noise.
        truth, predicted: bool [num_texts, L]. probabilities: float [num_texts, L].
        sets: True if a text has any number of labels, False if it has exactly one.
        positive: index of the positive one of two classes; None otherwise.
    """

    suite: str
    names: list[str]
    texts: list[str]
    truth: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray
    sets: bool
    positive: int | None

    def label_text(self, chosen: np.ndarray) -> str:
        """Format the labels of a mask, bool [L]."""
        return ", ".join(n for n, is_in in zip(self.names, chosen, strict=True) if is_in) or "none"

    @property
    def wrong(self) -> np.ndarray:
        """Indices of texts with wrong predictions, int64, in order of decreasing confidence.

        The confidence is 1 - the probability of the true class. For label sets it is the largest
        error |truth - probability| of a wrong label.
        """
        wrong = self.predicted != self.truth
        distance = np.where(wrong, np.abs(self.truth - self.probabilities), 0).max(axis=1)
        if not self.sets:
            distance = 1 - (self.truth * self.probabilities).sum(axis=1)
        places = np.flatnonzero(wrong.any(axis=1))
        return places[np.argsort(-distance[places], kind="stable")]

    @property
    def calibration_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities, float [n], and whether their labels are true, bool [n].

        For two classes those of the positive one, for more classes those of the most probable one,
        for label sets those of all labels.
        """
        if self.positive is not None:
            return self.probabilities[:, self.positive], self.truth[:, self.positive]
        if self.sets:
            return self.probabilities.ravel(), self.truth.ravel()
        rows, likeliest = np.arange(len(self.texts)), self.probabilities.argmax(axis=1)
        return self.probabilities[rows, likeliest], self.truth[rows, likeliest]


def suites_of(run: Run) -> list[str]:
    """Return the suites with predictions files, in the order of the metrics."""
    tests = run.metrics.get("test", {})
    return [name for name in tests if (run.folder / "predictions" / f"{name}.jsonl").is_file()]


def read_rows(run: Run, suite: str) -> list[dict[str, Any]]:
    """Read a predictions file.

    Raises:
        InputError: if it is missing or corrupt.
    """
    path = run.folder / "predictions" / f"{suite}.jsonl"
    try:
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    if not all(isinstance(row, dict) and isinstance(row.get("scored_text"), str) for row in rows):
        raise InputError(f"{path}: not a predictions file; every line must have a scored_text")
    return rows


def read_predictions(run: Run, suite: str) -> RunPredictions:
    """Read the predictions of a suite with the true labels.

    Raises:
        InputError: if there are none, or the true labels are unknown.
    """
    if run.task and run.task.labels_words:
        raise InputError("labels of words have no predictions per text; see the scores")
    rows = read_rows(run, suite)
    names = [str(name) for name in run.metrics["test"][suite].get("labels", {})]
    if not rows or len(names) < 2:
        raise InputError(f"{suite}: no texts, or fewer than two labels")
    sets, positive = bool(run.task) and not run.task.one_class_per_text, None
    if not sets and len(names) == 2:
        wanted = run.config["task"].get("positive")
        positive = names.index(str(wanted)) if str(wanted) in names else 1
    try:
        truth = np.array([_truth(run, row, names, sets) for row in rows])
        probabilities = np.array([_scores(row["score"], names, positive) for row in rows])
        predicted = np.array([_one_hot(row["label"], names) for row in rows])
    except (KeyError, TypeError, RowError) as error:
        raise InputError(f"{suite}: cannot read true labels ({error})") from None
    texts = [row["scored_text"] for row in rows]
    return RunPredictions(suite, names, texts, truth, predicted, probabilities, sets, positive)


def _truth(run: Run, row: Mapping[str, Any], names: list[str], sets: bool) -> np.ndarray:
    field = run.config["dataset"].get("label_field") or ("labels" if sets else "toxic")
    if field in ADDED:
        field = f"original_{field}"
    if sets:
        return _one_hot(label_set(row, field, run.config["task"].get("separator")), names)
    return _one_hot(label_of(row, field), names)


def _one_hot(labels: Any, names: list[str]) -> np.ndarray:
    given = labels if isinstance(labels, list) else [labels]
    return np.array([name in given for name in names])


def _scores(score: Any, names: list[str], positive: int | None) -> list[float]:
    if positive is None:
        return [float(score[name]) for name in names]
    found = [1 - float(score)] * 2
    found[positive] = float(score)
    return found


def confusion(predictions: RunPredictions) -> np.ndarray:
    """Return counts of texts by true class (rows) and predicted class (columns), int64 [L, L]."""
    assert not predictions.sets
    counts = np.zeros((len(predictions.names),) * 2, dtype=np.int64)
    np.add.at(counts, (predictions.truth.argmax(axis=1), predictions.predicted.argmax(axis=1)), 1)
    return counts


def label_counts(predictions: RunPredictions) -> np.ndarray:
    """Return int64 [L, 4]: true and false positives, false and true negatives of each label."""
    truth, predicted = predictions.truth, predictions.predicted
    both = (predicted & truth, predicted & ~truth, ~predicted & truth, ~predicted & ~truth)
    return np.stack([each.sum(axis=0) for each in both], axis=1)


@dataclass(frozen=True)
class Calibration:
    """A reliability diagram with its scores.

    Attributes:
        mean_probability, share_true, sizes: per bin; `sizes` are numbers of texts.
        ece, brier: see `vitrina.tasks.calibration`.
    """

    mean_probability: np.ndarray
    share_true: np.ndarray
    sizes: np.ndarray
    ece: float
    brier: float


def calibration(probability: np.ndarray, true: np.ndarray, bins: int = NUM_BINS) -> Calibration:
    """Compute the calibration with equal-mass bins (Nguyen and O'Connor 2015).

    Args:
        probability: float [n], n > 0. true: bool [n].
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    sizes = np.array([len(part) for part in parts])
    mean = np.array([probability[part].mean() for part in parts])
    share = np.array([true[part].mean() for part in parts])
    error = calibration_error(true, probability, bins)
    return Calibration(mean, share, sizes, error, brier_score(true, probability))


def ladder(run: Run, suites: Sequence[str], length: int = 70) -> list[tuple[str, str, str]]:
    """Return (suite, scored text, prediction) of one test text in all suites made of it.

    It is the text that the noise changes most, preferably with 15 to `length` characters.
    """
    found = {suite: read_rows(run, suite) for suite in suites}
    if "clean" not in found:
        return []
    clean = found["clean"]
    same = {
        suite: rows
        for suite, rows in found.items()
        if len(rows) == len(clean) and _same_rows(rows, clean)
    }

    def rank(index: int) -> tuple[bool, float]:
        text = clean[index]["scored_text"]
        changes = (_changed(text, rows[index]["scored_text"]) for rows in same.values())
        return 15 <= len(text) <= length, sum(changes) / max(1, len(text))

    best = max(range(len(clean)), key=lambda index: (*rank(index), -index))
    return [
        (suite, rows[best]["scored_text"], prediction_text(rows[best]))
        for suite, rows in same.items()
    ]


def _changed(text: str, other: str) -> int:
    # Capped, because a shift changes all positions although the noise is hardly visible.
    return min(sum(a != b for a, b in zip(text, other, strict=False)), len(text) // 2)


def _same_rows(rows: Sequence[Mapping[str, Any]], clean: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether both are the same rows in the same order, apart from the fields `ADDED`."""

    def own(row: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in row.items() if key not in ADDED}

    return all(own(a) == own(b) for a, b in zip(rows, clean, strict=True))


def prediction_text(row: Mapping[str, Any]) -> str:
    """Format the label and the score of a predictions row."""
    label, score = row.get("label"), row.get("score")
    labels = ", ".join(map(str, label)) or "none" if isinstance(label, list) else str(label)
    if isinstance(score, int | float):
        return f"predicted: {labels} (score {score:.3f})"
    if isinstance(score, dict) and isinstance(label, str) and label in score:
        return f"predicted: {labels} ({float(score[label]):.3f})"
    return f"predicted: {labels}"
