"""Recording a run with a tracking service, so that the service can never stop or slow it.

`BackgroundTracker` hands everything to one thread through a bounded queue. What the service does
there (raising, hanging, being slow) costs the training nothing: a full queue drops what comes and
counts it, and the end waits for a bounded time. The service itself is behind the same interface,
`Tracker`, and may block and raise as it likes (`vitrina.training.trackers.wandb`).
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from vitrina.training.trackers.config import NoTrackingConfig, WandbConfig

MOST_WAITING = 10_000
"""Calls that may wait for the service; at one line in ten steps this is far behind."""


class Tracker(Protocol):
    """Where the course of a run is recorded. One object for each run."""

    def log(self, step: int, values: Mapping[str, Any]) -> None:
        """Add a line to the history; nested values are named `outer/inner`."""
        ...

    def summary(self, metrics: Mapping[str, Any]) -> None:
        """Set final values; nested ones are named `outer/inner`."""
        ...

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Record a table."""
        ...

    def picture(self, path: Path) -> None:
        """Record a PNG under the name of the file."""
        ...

    def artifact(self, path: Path) -> None:
        """Store a file or folder of the run, where the configuration wants that."""
        ...

    def finish(self, exit_code: int = 0) -> None:
        """The run is over: 0 if it went well. Nothing may be recorded afterwards."""
        ...


class NoTracker:
    """Records nothing."""

    def log(self, step: int, values: Mapping[str, Any]) -> None: ...
    def summary(self, metrics: Mapping[str, Any]) -> None: ...
    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None: ...
    def picture(self, path: Path) -> None: ...
    def artifact(self, path: Path) -> None: ...
    def finish(self, exit_code: int = 0) -> None: ...


class BackgroundTracker:
    """Passes all calls to a tracker that lives in a thread of its own.

    No method raises or waits, but `finish`, which waits for `timeout` seconds at most.

    Args:
        start: makes the tracker, in the thread; may block and raise.
        say: tells the user something, a line at a time.
        timeout: seconds that `finish` waits for what is still to be sent.
        most_waiting: calls that may wait for the thread; more are dropped and counted.
    """

    def __init__(
        self,
        start: Callable[[], Tracker],
        *,
        say: Callable[[str], None],
        timeout: float,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._start, self._say, self._timeout = start, say, timeout
        self._waiting: queue.Queue[tuple[str, tuple[Any, ...]]] = queue.Queue(most_waiting)
        self._ended = threading.Event()
        self._failures: list[str] = []
        self._dropped = 0
        self._exit_code: int | None = None
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._thread.start()

    def log(self, step: int, values: Mapping[str, Any]) -> None:
        # Copied: the training goes on with its own dictionary.
        self._hand_over("log", step, dict(values))

    def summary(self, metrics: Mapping[str, Any]) -> None:
        self._hand_over("summary", dict(metrics))

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self._hand_over("table", name, list(columns), [list(row) for row in rows])

    def picture(self, path: Path) -> None:
        self._hand_over("picture", path)

    def artifact(self, path: Path) -> None:
        self._hand_over("artifact", path)

    def finish(self, exit_code: int = 0) -> None:
        if self._exit_code is not None:
            return
        self._exit_code = exit_code
        self._ended.set()
        self._thread.join(self._timeout)
        if self._thread.is_alive():
            self._say(
                f"tracking: still not done after {self._timeout:g} s, and not waited for; "
                "the run's own folder holds everything"
            )
        if self._dropped:
            self._say(f"tracking: {self._dropped} records were dropped, the service was too slow")
        if len(self._failures) > 1:
            self._say(f"tracking: {len(self._failures)} records failed in all")

    def _hand_over(self, method: str, *arguments: Any) -> None:
        if self._exit_code is not None:
            return
        try:
            self._waiting.put_nowait((method, arguments))
        except queue.Full:
            self._dropped += 1

    def _work(self) -> None:
        try:
            tracker = self._start()
        except BaseException as error:
            self._say(f"tracking: off, it could not be started ({_first_line(error)})")
            tracker = NoTracker()
        while True:
            try:
                method, arguments = self._waiting.get(timeout=0.1)
            except queue.Empty:
                if self._ended.is_set() and self._waiting.empty():
                    break
                continue
            self._try(method, getattr(tracker, method), *arguments)
        self._try("finish", tracker.finish, self._exit_code or 0)

    def _try(self, method: str, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except BaseException as error:
            if not self._failures:
                self._say(f"tracking: {method} failed ({_first_line(error)}); the run goes on")
            self._failures.append(method)


def build_tracker(
    config: WandbConfig | NoTrackingConfig,
    *,
    run_folder: Path,
    run_config: Mapping[str, Any],
    name: str,
    group: str | None = None,
    tags: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> Tracker:
    """The tracker of one run; returns at once, whatever the network does.

    Args:
        run_folder: the run's folder, in which the service's own files go.
        run_config: the resolved configuration, recorded with the run.
        group, tags: of the run; those of the configuration come first.
        say: tells the user something; by default a line on standard error.
    """
    if isinstance(config, NoTrackingConfig):
        return NoTracker()
    from vitrina.training.trackers import wandb

    say = say or _say
    mode = wandb.choose_mode(config, say)
    if mode == "disabled":
        return NoTracker()
    if mode == "offline":
        say(wandb.how_to_sync(run_folder))
    run_config = dict(run_config)

    def start() -> Tracker:
        return wandb.start(
            config,
            mode=mode,
            run_folder=run_folder,
            run_config=run_config,
            name=name,
            group=config.group or group,
            tags=list(dict.fromkeys([*config.tags, *tags])),
            say=say,
        )

    # A refused connection is found out, then the run is begun offline: each takes its time.
    return BackgroundTracker(start, say=say, timeout=2 * config.timeout)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with keys `outer/inner`."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}/")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
