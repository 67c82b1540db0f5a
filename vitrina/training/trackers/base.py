"""Logs a run to a tracking service without ever blocking or failing the training."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitrina.registry import build

MAX_PENDING = 10_000
"""Maximum number of pending calls; further calls are dropped."""


@dataclass(frozen=True)
class TrackedRun:
    """A run as a tracking service records it.

    Attributes:
        folder: folder of the run, also for files of the service.
        config: the resolved configuration.
        group: experiment or sweep that the run belongs to.
        tags: chosen options, such as `model=vtr`.
    """

    folder: Path
    config: Mapping[str, Any]
    group: str | None = None
    tags: Sequence[str] = ()


class Tracker:
    """Base class of trackers; it records nothing.

    A tracker is built from its settings and a `TrackedRun`. Its methods may block and raise, since
    `BackgroundTracker` calls them in a separate thread.
    """

    def log(self, metrics: Mapping[str, Any], step: int) -> None:
        """Record metrics of a step; they may be nested."""

    def log_summary(self, metrics: Mapping[str, Any]) -> None:
        """Record final metrics; they may be nested."""

    def log_table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Record a table."""

    def log_image(self, path: Path) -> None:
        """Record a PNG under its file name."""

    def log_artifact(self, path: Path) -> None:
        """Store a file of the run if enabled in the settings."""

    def finish(self, exit_code: int = 0) -> None:
        """Finish recording; exit code 0 means success. This is the last call."""


class BackgroundTracker(Tracker):
    """Calls a tracker in a separate thread, because services block in most calls.

    No method raises, and only `finish` waits, at most `timeout` seconds. Only the first failure is
    reported.
    """

    def __init__(self, start: Callable[[], Tracker], timeout: float) -> None:
        self._timeout, self._failed = timeout, False
        self._calls: queue.Queue[tuple[str, tuple[Any, ...]]] = queue.Queue(MAX_PENDING)
        self._thread = threading.Thread(target=self._work, args=(start,), daemon=True)
        self._thread.start()

    def log(self, metrics: Mapping[str, Any], step: int) -> None:
        self._call("log", dict(metrics), step)  # copied: the caller may change it

    def log_summary(self, metrics: Mapping[str, Any]) -> None:
        self._call("log_summary", metrics)

    def log_table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self._call("log_table", name, columns, rows)

    def log_image(self, path: Path) -> None:
        self._call("log_image", path)

    def log_artifact(self, path: Path) -> None:
        self._call("log_artifact", path)

    def finish(self, exit_code: int = 0) -> None:
        self._call("finish", exit_code)
        self._thread.join(self._timeout)
        if self._thread.is_alive():
            notify(f"not finished after {self._timeout:g} s; the run's folder contains everything")

    def _call(self, method: str, *arguments: Any) -> None:
        try:
            self._calls.put_nowait((method, arguments))
        except queue.Full:
            self._report(f"{method} dropped, the service is too slow")

    def _work(self, start: Callable[[], Tracker]) -> None:
        try:
            tracker = start()
        except BaseException as error:
            self._report(f"off, it cannot start ({_reason(error)})")
            tracker = Tracker()
        method = ""
        while method != "finish":
            method, arguments = self._calls.get()
            try:
                getattr(tracker, method)(*arguments)
            except BaseException as error:
                self._report(f"{method} failed ({_reason(error)}); the run continues")

    def _report(self, line: str) -> None:
        if not self._failed:
            notify(line)
        self._failed = True


def open_tracker(config: Any, run: TrackedRun) -> Tracker:
    """Return the tracker of a run without waiting for the service.

    Args:
        config: settings of the group `tracking`.
    """
    if not config.records:
        return Tracker()
    # A refused connection takes one timeout, finishing takes another.
    return BackgroundTracker(lambda: build("tracking", config, run), 2 * config.timeout)


def notify(line: str) -> None:
    """Print a line about tracking to standard error."""
    print(f"tracking: {line}", file=sys.stderr, flush=True)


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
