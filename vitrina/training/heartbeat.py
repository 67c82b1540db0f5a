"""Where a running training stands, for those who look from outside: a small file in its folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from vitrina.errors import InputError
from vitrina.files import replacing

HEARTBEAT = "progress.json"

EVERY_SECONDS = 2.0
"""Between two writings; each costs well under a millisecond."""


class Heartbeat:
    """Writes `progress.json`: step, steps in all, steps per second, seconds, time of writing.

    The seconds are those of this training and, where it goes on, of what went before. What cannot
    be written is left out: nobody's results depend on it.

    Args:
        folder: the run's folder.
        num_steps: steps in all.
        first_step: steps done before.
        clock, now: seconds, monotonic, and since the epoch.
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
        """So many steps are done."""
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
        except InputError:  # a full disk, say: the training will meet it where it matters
            return


def read_heartbeat(folder: Path) -> dict[str, float]:
    """What the last beat said; empty if there was none."""
    try:
        values = json.loads((folder / HEARTBEAT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    numbers = isinstance(values, dict) and all(isinstance(v, int | float) for v in values.values())
    return values if numbers else {}
