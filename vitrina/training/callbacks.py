"""Training callbacks: progress display, heartbeat and tracker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from vitrina.training.checkpoints import TrainState
from vitrina.training.progress import Heartbeat, Progress
from vitrina.training.trackers.base import Tracker


class TrainingCallback(Protocol):
    """Observes a training without changing its numbers."""

    def step(self, state: TrainState, loss: Tensor, rate: float) -> None:
        """Called after each step with its mean loss and learning rate."""

    def log(self, row: dict[str, Any]) -> None:
        """Called with each row of the history."""


@dataclass
class ProgressCallback:
    """Shows the progress, writes the heartbeat, and passes the history to the tracker.

    Attributes:
        seen: texts seen so far, not 0 at the start of a resumed training.
        heartbeat: None except in the first process.
    """

    progress: Progress
    tracker: Tracker
    seen: int
    heartbeat: Heartbeat | None = None

    def step(self, state: TrainState, loss: Tensor, rate: float) -> None:
        self.progress.update(state.step, loss, rate, state.num_texts - self.seen)
        self.seen = state.num_texts
        if self.heartbeat is not None:
            self.heartbeat.beat(state.step)

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
