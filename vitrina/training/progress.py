"""Progress of a training: a line on the screen, and a heartbeat file for other processes.

A terminal shows a live line, other outputs plain lines. `update` mostly only counts; the loss is
copied from its device at most a few times a second.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from vitrina.errors import InputError
from vitrina.files import replacing

LIVE_SECONDS = 0.25
"""Seconds between updates of the live line."""

PLAIN_SECONDS = 10.0
"""Seconds between plain lines."""

HALF_LIFE = 20
"""Half-life of a loss in the smoothed loss, in steps."""

SPEED_SECONDS = 15.0
"""Time constant of the smoothed speed."""

HEARTBEAT = "progress.json"

EVERY_SECONDS = 2.0
"""Seconds between updates of the file; each takes well under a millisecond."""


class Progress:
    """Shows step, epoch, loss, learning rate, comments per second and remaining time.

    A context manager; outside of the context there is no live line, but all methods work.

    Args:
        num_steps: total steps, None if unknown.
        first_step: steps before a resumed run.
        steps_per_epoch: steps of an epoch; None: show no epoch.
        console: output; standard error by default, so that results can be piped.
        plain_seconds: seconds between lines if the console is not a terminal.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        num_steps: int | None,
        *,
        first_step: int = 0,
        steps_per_epoch: float | None = None,
        console: Console | None = None,
        plain_seconds: float = PLAIN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console = console or Console(stderr=True)
        self.live = self.console.is_terminal and not self.console.is_dumb_terminal
        self.interval = LIVE_SECONDS if self.live else plain_seconds
        self.num_steps, self.steps_per_epoch, self.clock = num_steps, steps_per_epoch, clock
        self.step = self.shown_step = first_step
        self.num_comments = 0
        self.loss: float | None = None
        self.speed: float | None = None
        self.step_speed: float | None = None
        self.shown_at = clock()
        self.due = self.shown_at + min(self.interval, 1.0)  # the first line comes soon
        self.bar: Bar | None = None

    def __enter__(self) -> Self:
        if self.live:
            columns = (BarColumn(bar_width=24), TextColumn("{task.description}"))
            self.bar = Bar(*columns, console=self.console, auto_refresh=False, transient=True)
            total = self.num_steps
            self.task = self.bar.add_task("starting", total=total, completed=self.step)
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def update(self, step: int, loss: Any, learning_rate: float, num_comments: int) -> None:
        """Count a step.

        Args:
            step: steps so far.
            loss: a number, an object with `.item()`, or a callable that returns either; evaluated
                only when it is shown.
            num_comments: texts in this step.
        """
        self.step = step
        self.num_comments += num_comments
        now = self.clock()
        if now >= self.due or step == self.num_steps:
            self._measure(now, loss)
            self._show(learning_rate)
            # Getting the loss may have waited for the device.
            self.due = self.clock() + self.interval

    def message(self, text: str) -> None:
        """Print a line above the live line."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def restart_clock(self) -> None:
        """Exclude the time since the last step from the speed, for example after a validation."""
        self.shown_at, self.shown_step, self.num_comments = self.clock(), self.step, 0

    def _measure(self, now: float, loss: Any) -> None:
        steps = max(self.step - self.shown_step, 1)
        value = _read(loss)
        if math.isfinite(value) and self.loss is not None and math.isfinite(self.loss):
            kept = 0.5 ** (steps / HALF_LIFE)
            value = kept * self.loss + (1 - kept) * value
        self.loss = value
        seconds = max(now - self.shown_at, 1e-9)
        kept = math.exp(-seconds / SPEED_SECONDS) if self.speed else 0.0
        self.speed = kept * (self.speed or 0.0) + (1 - kept) * self.num_comments / seconds
        self.step_speed = kept * (self.step_speed or 0.0) + (1 - kept) * steps / seconds
        self.shown_at, self.shown_step, self.num_comments = now, self.step, 0

    def _show(self, learning_rate: float) -> None:
        line = self._line(learning_rate)
        if self.bar is not None:
            self.bar.update(self.task, completed=self.step, description=escape(line))
            self.bar.refresh()
        elif not self.live:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _line(self, learning_rate: float) -> str:
        of = f"/{self.num_steps}" if self.num_steps is not None else ""
        parts = [f"step {self.step}{of}"]
        if self.steps_per_epoch:
            parts.append(f"epoch {self.step / self.steps_per_epoch:.1f}")
        parts.append(f"loss {self.loss:.4f}")
        parts.append(f"learning rate {learning_rate:.2e}")
        parts.append(f"{self.speed:.0f} comments/s")
        if self.num_steps is not None and self.step_speed:
            left = max(self.num_steps - self.step, 0) / self.step_speed
            parts.append(f"{duration(left)} left")
        return "  ".join(parts)


def duration(seconds: float) -> str:
    """Format seconds.

    >>> duration(12), duration(185), duration(7620)
    ('12 s', '3 min 05 s', '2 h 07 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _read(loss: Any) -> float:
    if callable(loss) and not hasattr(loss, "item"):
        loss = loss()
    return float(loss.item() if hasattr(loss, "item") else loss)  # pyright: ignore


class Heartbeat:
    """Writes `progress.json`: step, total steps, steps per second, seconds, time of writing.

    The seconds include the training before a resume. Write errors are ignored, because no result
    depends on the file.

    Args:
        folder: the run's folder.
        num_steps: total steps.
        first_step: steps before a resumed run.
        clock, now: return monotonic seconds and Unix time.
    """

    def __init__(
        self,
        folder: Path,
        num_steps: int,
        *,
        first_step: int = 0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.path, self.num_steps, self.clock, self.now = folder / HEARTBEAT, num_steps, clock, now
        self.before = read_heartbeat(folder).get("seconds", 0.0) if first_step else 0.0
        self.first_step, self.started = first_step, clock()
        self.due = self.started

    def beat(self, step: int) -> None:
        """Write the file if it is due."""
        at = self.clock()
        if at < self.due and step < self.num_steps:
            return
        self.due = at + EVERY_SECONDS
        seconds = at - self.started
        values = {
            "step": step,
            "num_steps": self.num_steps,
            "steps_per_second": (step - self.first_step) / max(seconds, 1e-9),
            "seconds": self.before + seconds,
            "at": self.now(),
        }
        try:
            with replacing(self.path) as file:
                file.write(json.dumps(values) + "\n")
        except InputError:  # a full disk, for instance
            return


def read_heartbeat(folder: Path) -> dict[str, float]:
    """Return the content of the file; empty if it is missing or invalid."""
    try:
        values = json.loads((folder / HEARTBEAT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    numbers = isinstance(values, dict) and all(isinstance(v, int | float) for v in values.values())
    return values if numbers else {}
