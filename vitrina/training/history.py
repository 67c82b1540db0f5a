"""The history of a training: a line of json for every few steps and for each validation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vitrina.files import replacing
from vitrina.training.checkpoints import Position


class History:
    """Rows that hold a `step`, in a file of lines of json."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, row: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def forget_after(self, step: int) -> None:
        """Drop the rows that a resumed training will write again, and a half-written one."""
        if not self.path.exists():
            return
        kept = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if row["step"] <= step:
                kept.append(line + "\n")
        with replacing(self.path) as file:
            file.write("".join(kept))


class LossWindow:
    """Mean loss since the last line of the history, added up on the device."""

    def __init__(self, device: torch.device, position: Position) -> None:
        self.sum = torch.tensor(position.loss_sum, dtype=torch.float32, device=device)
        self.count = position.loss_count

    def add(self, loss: Tensor) -> None:
        self.sum += loss
        self.count += 1

    def take(self) -> float:
        mean = self.sum.item() / max(self.count, 1)
        self.sum.zero_()
        self.count = 0
        return mean

    def store(self, position: Position) -> None:
        position.loss_sum, position.loss_count = self.sum.item(), self.count
