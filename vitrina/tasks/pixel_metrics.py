"""Metrics of masked tokens whose pixels are reconstructed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from vitrina.tasks.intervals import intervals_of
from vitrina.tasks.task_metrics import TaskMetrics


class PixelMetrics(TaskMetrics):
    """Masked loss of texts.

    Predictions are float64 [num_texts, 2]: the sum of the errors of the masked tokens, and their
    number, at least one. The truth is a placeholder with one row for each text.
    """

    metrics: ClassVar[Sequence[str]] = ("masked_loss",)
    relative: ClassVar[Sequence[str]] = ()
    shown: ClassVar[dict[str, str]] = {"masked_loss": "masked loss"}
    unit: ClassVar[str] = "masked tokens"

    @property
    def what(self) -> str:
        return "masked loss: mean squared error of their pixels,\nlower is better"

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
        """Compute the 95 % interval of the masked loss by resampling whole texts."""
        num_texts = len(predicted)
        if not num_texts:
            return {"masked_loss": (float("nan"), float("nan"))}

        def scores_of(weights: np.ndarray) -> dict[str, np.ndarray]:
            errors, counts = (weights.astype(np.float64) @ predicted).T
            return {"masked_loss": errors / counts}  # each text has a masked token

        return intervals_of(scores_of, num_texts, num_texts, resamples=resamples, seed=seed)

    def notes(self, truth: Any, scores: dict[str, float]) -> list[str]:
        return []

    def fields(self, predicted: Any) -> dict[str, Any]:
        """Return `masked_loss`, the mean over the masked tokens of the text, and their number."""
        errors, counts = predicted.tolist()
        return {"masked_loss": round(errors / counts, 6), "masked_tokens": int(counts)}


class NoPixelMetrics(PixelMetrics):
    """No metrics, for a model that only recognizes text: the character error rate scores it."""

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
