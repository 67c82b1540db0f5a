"""Targets of a batch, from the loader to the loss."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vitrina.tasks.ocr.alphabet import SymbolBatch


@dataclass(frozen=True)
class Targets:
    """Targets of the texts of a batch.

    Attributes:
        labels: [B] or [B, C].
        readings: symbols to recognize; None without a CTC head.
    """

    labels: np.ndarray
    readings: SymbolBatch | None = field(default=None, kw_only=True)

    def take(self, indices: np.ndarray) -> Targets:
        """Return the targets of the texts at `indices`, in that order."""
        readings = None if self.readings is None else self.readings.take(indices)
        return Targets(self.labels[indices], readings=readings)
