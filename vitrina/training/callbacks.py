"""What is seen of a training while it runs: a live line, the history, the tracker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from vitrina.training.checkpoints import TrainState
from vitrina.training.heartbeat import Heartbeat
from vitrina.training.progress import Progress
from vitrina.training.trackers.base import Tracker


@dataclass
class ProgressCallback:
    """Shows a training, keeps its heartbeat, and hands its history to the tracker."""

    progress: Progress
    tracker: Tracker
    seen: int
    """Texts seen when the training started; a resumed one has seen some."""
    heartbeat: Heartbeat | None = None

    def step(self, position: TrainState, loss: Tensor, rate: float) -> None:
        self.progress.update(position.step, loss, rate, position.num_texts - self.seen)
        self.seen = position.num_texts
        if self.heartbeat is not None:
            self.heartbeat.beat(position.step)

    def log(self, row: dict[str, Any]) -> None:
        self.tracker.log({key: row[key] for key in row if key != "step"}, row["step"])
        if "val" in row:
            shown = [
                key
                for key in row["val"]
                if key.endswith(("_f1", "_roc_auc", "_cer", "_masked_loss"))
                and not key.endswith("_micro_f1")
            ]
            scores = ", ".join(f"{key} {row['val'][key]:.3f}" for key in shown)
            best = " (best so far)" if row["best"] else ""
            self.progress.message(f"step {row['step']}: {scores}{best}")
            self.progress.restart_clock()
