"""Scores of hidden tokens whose pixels are restored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from vitrina.tasks.intervals import intervals_of
from vitrina.tasks.task_metrics import TaskMetrics


class PixelMetrics(TaskMetrics):
    """What is predicted is float64 [num_texts, 2]: errors added up over hidden tokens, and their
    number, at least one. Nothing has to be known of a text; the truth is an array of as many rows.
    """

    metrics: ClassVar[Sequence[str]] = ("masked_loss",)
    relative: ClassVar[Sequence[str]] = ()
    shown: ClassVar[dict[str, str]] = {"masked_loss": "masked loss"}
    unit: ClassVar[str] = "masked tokens"

    @property
    def what(self) -> str:
        return "masked loss: mean squared error of their pixels,\nless is better"

    def score(self, truth: Any, predicted: Any) -> dict[str, float]:
        if not len(predicted):
            return {"masked_loss": float("nan"), "count": 0}
        errors, counts = predicted.sum(axis=0)
        return {"masked_loss": float(errors / counts), "count": int(counts)}

    def chance(self, truth: Any) -> dict[str, float]:
        return {}

    def intervals(
        self, truth: Any, predicted: Any, *, resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        """Texts are resampled, with all their tokens."""
        num_texts = len(predicted)
        if not num_texts:
            return {"masked_loss": (float("nan"), float("nan"))}

        def scores_of(weights: np.ndarray) -> dict[str, np.ndarray]:
            errors, counts = (weights.astype(np.float64) @ predicted).T
            return {"masked_loss": errors / counts}  # something is hidden in every text

        return intervals_of(scores_of, num_texts, num_texts, resamples=resamples, seed=seed)

    def notes(self, truth: Any, scores: dict[str, float]) -> list[str]:
        return []

    def fields(self, predicted: Any) -> dict[str, Any]:
        """`masked_loss`, the mean over the hidden tokens of the text, and their number."""
        errors, counts = predicted.tolist()
        return {"masked_loss": round(errors / counts, 6), "masked_tokens": int(counts)}


class NothingHidden(PixelMetrics):
    """Of a model that is asked to read alone: how well is told by the character error rate."""

    metrics: ClassVar[Sequence[str]] = ()
    shown: ClassVar[dict[str, str]] = {}

    def score(self, truth: Any, predicted: Any) -> dict[str, float]:
        return {"count": 0}

    def intervals(
        self, truth: Any, predicted: Any, *, resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        return {}

    def fields(self, predicted: Any) -> dict[str, Any]:
        return {}
