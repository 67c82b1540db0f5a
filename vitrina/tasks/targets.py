"""What a model should say of a batch, from the loader to the loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Targets:
    """What a model should say of each text of a batch.

    Attributes:
        labels: [B] or [B, C].
    """

    labels: np.ndarray

    def take(self, indices: np.ndarray) -> Targets:
        """Those of the texts at `indices`, in that order."""
        return Targets(self.labels[indices])
