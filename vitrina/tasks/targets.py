"""Targets of a batch, from the loader to the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vitrina.tasks.ocr.alphabet import SymbolBatch


@dataclass(frozen=True)
class Targets:
    """Targets of the texts of a batch.

    Attributes:
        labels: [B] or [B, C].
        readings: symbols to recognize; None without a CTC head.
        weights: float32 [B], weight of each text in the loss; None: all 1.
        shifts: float32 [B], added to the logits of the positive class in the loss; None: all 0.
    """

    labels: np.ndarray
    readings: SymbolBatch | None = field(default=None, kw_only=True)
    weights: np.ndarray | None = field(default=None, kw_only=True)
    shifts: np.ndarray | None = field(default=None, kw_only=True)

    @classmethod
    def weighted(cls, labels: np.ndarray, weight: float, shift: float) -> Targets:
        """Return targets of texts with the same weight and shift."""
        values = np.ones(len(labels), dtype=np.float32)
        return cls(labels, weights=weight * values, shifts=shift * values)

    @classmethod
    def join(cls, parts: Sequence[Targets]) -> Targets:
        """Concatenate targets that have weights and shifts, and no readings."""
        labels = np.concatenate([part.labels for part in parts])
        weights = np.concatenate([part.weights for part in parts if part.weights is not None])
        shifts = np.concatenate([part.shifts for part in parts if part.shifts is not None])
        return cls(labels, weights=weights, shifts=shifts)

    def take(self, indices: np.ndarray) -> Targets:
        """Return the targets of the texts at `indices`, in that order."""
        readings = None if self.readings is None else self.readings.take(indices)
        weights = None if self.weights is None else self.weights[indices]
        shifts = None if self.shifts is None else self.shifts[indices]
        return Targets(self.labels[indices], readings=readings, weights=weights, shifts=shifts)
