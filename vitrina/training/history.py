"""The history of a training: a line of json for every few steps and for each validation."""

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
    """Rows that hold a `step`, in a file of lines of json."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, row: dict[str, Any]) -> None:
        """Add a row.

        Raises:
            InputError: if it cannot be written; nothing of it stays.
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

    def forget_after(self, step: int) -> None:
        """Drop the rows that a resumed training will write again, and a half-written one.

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
    """The step of a row; infinity if it is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return math.inf
    step = row.get("step") if isinstance(row, dict) else None
    return step if isinstance(step, int) else math.inf


class LossWindow:
    """Mean losses since the last line of the history, added up on the device.

    Args:
        reads: whether the model reads; of the share of texts for whose reading the steps did not
            suffice, the sum over all steps is kept in the position, too.
    """

    def __init__(self, device: torch.device, position: TrainState, *, reads: bool = False) -> None:
        self.names = ("loss", "reading_loss", "infeasible") if reads else ("loss",)
        self.position, self.count = position, position.loss_count
        more = position.more_sums or [0.0] * (len(self.names) - 1)
        self.sums = torch.tensor([position.loss_sum, *more], dtype=torch.float32, device=device)

    def add(self, means: Tensor) -> None:
        self.sums += means
        self.count += 1

    def take(self) -> dict[str, float]:
        sums = dict(zip(self.names, self.sums.tolist(), strict=True))
        self.position.infeasible_sum += sums.get("infeasible", 0.0)
        means = {name: value / max(self.count, 1) for name, value in sums.items()}
        self.sums.zero_()
        self.count = 0
        return means

    def store(self, position: TrainState) -> None:
        position.loss_sum, *position.more_sums = self.sums.tolist()
        position.loss_count = self.count
