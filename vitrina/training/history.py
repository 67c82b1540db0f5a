"""History of a training: JSON lines, one every few steps and one for each validation."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vitrina.errors import InputError
from vitrina.files import replacing
from vitrina.training.checkpoints import TrainState


class History:
    """File of JSON lines whose rows have a `step`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, row: dict[str, Any]) -> None:
        """Append a row.

        Raises:
            InputError: if it cannot be written; the file is then unchanged.
        """
        try:
            before = self.path.stat().st_size if self.path.exists() else 0
            try:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
            except OSError:
                os.truncate(self.path, before)
                raise
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error.strerror or error})"
            ) from None

    def truncate(self, step: int) -> None:
        """Drop rows after `step`, which a resumed training writes again, and incomplete rows.

        Raises:
            InputError: if the file cannot be read or written.
        """
        if not self.path.exists():
            return
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror or error})") from None
        kept = [line + "\n" for line in lines if _step_of(line) <= step]
        with replacing(self.path) as file:
            file.write("".join(kept))


def _step_of(line: str) -> float:
    """Return the step of a row; infinity if the row is invalid."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return math.inf
    step = row.get("step") if isinstance(row, dict) else None
    return step if isinstance(step, int) else math.inf


class LossWindow:
    """Mean losses since the last row of the history, summed on the device.

    Args:
        reads: whether the model has a CTC head; then the state also sums the share of texts with
            too few frames over all steps.
    """

    def __init__(self, device: torch.device, state: TrainState, *, reads: bool = False) -> None:
        self.names = ("loss", "reading_loss", "infeasible") if reads else ("loss",)
        self.state, self.count = state, state.loss_count
        more = state.more_sums or [0.0] * (len(self.names) - 1)
        self.sums = torch.tensor([state.loss_sum, *more], dtype=torch.float32, device=device)

    def add(self, means: Tensor) -> None:
        """Add the means of a step."""
        self.sums += means
        self.count += 1

    def take(self) -> dict[str, float]:
        """Return the means since the last call."""
        sums = dict(zip(self.names, self.sums.tolist(), strict=True))
        self.state.infeasible_sum += sums.get("infeasible", 0.0)
        means = {name: value / max(self.count, 1) for name, value in sums.items()}
        self.sums.zero_()
        self.count = 0
        return means

    def store(self, state: TrainState) -> None:
        """Copy the sums to the state, for a checkpoint."""
        state.loss_sum, *state.more_sums = self.sums.tolist()
        state.loss_count = self.count
