"""State of a sweep, read from its folder: the state of each job, and the time left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.table import Table

from vitrina.runs.folder import is_running, runs_of
from vitrina.runs.plan import Job
from vitrina.training.progress import duration, read_heartbeat

STATES = ("finished", "running", "failed", "interrupted", "pending")
"""An interrupted job (killed, or Ctrl-C) was started, is not running and did not finish."""

STYLES: dict[str, str] = dict(zip(STATES, ("green", "bold", "red", "yellow", ""), strict=True))


@dataclass(frozen=True)
class JobState:
    """State and progress of a job of a sweep.

    Attributes:
        state: one of `STATES`.
        folder: folder of the run; None while the job is pending.
        detail: reason of a failure, or step and speed.
        seconds: duration so far; None if unknown.
        left: estimate of the seconds that a running job needs for its remaining training steps.
    """

    job: Job
    state: str
    folder: Path | None = None
    detail: str = ""
    seconds: float | None = None
    left: float | None = None


def state_of(job: Job, folder: Path, *, finished_first: bool = False) -> JobState:
    """Return the state of a job.

    If there are several runs of the same settings, the running one counts, else the newest.

    Args:
        folder: folder of the sweep.
        finished_first: whether a finished run takes precedence over a running one.
    """
    base = folder / job.name
    held = [run for run in _numbered(base) if is_running(run)]
    if finished_first and any((run / "metrics.json").is_file() for run in runs_of(base)):
        held = []
    taken = held or [run for run in runs_of(base) if not is_running(run)]
    if not taken:
        return JobState(job, "pending")
    run = taken[-1]  # by its number: a clock may have jumped back
    beat = read_heartbeat(run)
    seconds = beat.get("seconds")
    if held:
        detail, left = _progress(beat)
        return JobState(job, "running", run, detail, seconds, left)
    if (run / "metrics.json").is_file():
        if seconds is not None:  # add the time from the last heartbeat to the results
            seconds += max((run / "metrics.json").stat().st_mtime - beat.get("at", 0.0), 0.0)
        return JobState(job, "finished", run, "", seconds)
    if (run / "error.txt").is_file():
        lines = (run / "error.txt").read_text("utf-8", "replace").strip().splitlines()
        return JobState(job, "failed", run, lines[0] if lines else "failed", seconds)
    detail = "has not finished; resume=true resumes it"
    if beat:
        detail += f" from about step {beat.get('step', 0):.0f} of {beat.get('num_steps', 0):.0f}"
    return JobState(job, "interrupted", run, detail, seconds)


def _numbered(base: Path) -> list[Path]:
    """Return the folders of a job by number; the first one is included even if it is empty."""
    runs = runs_of(base)
    return [base, *runs] if base.is_dir() and base not in runs else runs


def _progress(beat: dict[str, float]) -> tuple[str, float | None]:
    if not beat:
        return "starting", None
    step, num_steps = beat.get("step", 0), beat.get("num_steps", 0)
    speed = beat.get("steps_per_second", 0.0)
    if step >= num_steps:
        return "measuring", 0.0
    detail = f"step {step:.0f} of {num_steps:.0f}, {speed:.2g} steps/s"
    return detail, (num_steps - step) / speed if speed > 0 else None


@dataclass(frozen=True)
class Overview:
    """States of the jobs of a sweep. Rich prints it as a table; `line` returns a summary."""

    folder: Path
    jobs: list[JobState] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return the number of jobs in each state, in the order of `STATES`."""
        found = Counter(each.state for each in self.jobs)
        return {state: found[state] for state in STATES}

    def seconds_left(self) -> float | None:
        """Estimate the time left from the mean of the finished jobs; None if there are none.

        Assumes the current number of parallel jobs. Failed and interrupted jobs do not count.
        """
        took = [each.seconds for each in self.jobs if each.state == "finished" and each.seconds]
        counts = self.counts()
        if not counts["running"] + counts["pending"]:
            return 0.0
        if not took:
            return None
        mean = sum(took) / len(took)
        left = counts["pending"] * mean
        for each in self.jobs:
            if each.state == "running":
                left += max(mean - (each.seconds or 0.0), each.left or 0.0)
        return left / max(counts["running"], 1)

    def line(self) -> str:
        """Return a summary: `3 of 8 finished, 1 running, 4 pending, about 12 min 05 s left`."""
        counts = self.counts()
        parts = [f"{counts['finished']} of {len(self.jobs)} finished"]
        parts += [f"{counts[state]} {state}" for state in STATES[1:] if counts[state]]
        left = self.seconds_left()
        if left:
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
        table.title = escape(self.line())
        if not self.jobs:
            yield table.title
            return
        for heading in ("job", "state", "time"):
            table.add_column(heading, justify="right" if heading == "time" else "left")
        table.add_column("", overflow="fold")
        same = set.intersection(*(set(each.job.overrides) for each in self.jobs))
        for each in self.jobs:
            own = [value for value in each.job.overrides if value not in same]
            style = STYLES[each.state]
            state = f"[{style}]{each.state}[/]" if style else each.state
            took = duration(each.seconds) if each.seconds is not None else ""
            table.add_row(escape(" ".join(own) or each.job.name), state, took, escape(each.detail))
        yield table


def overview(folder: Path, jobs: Sequence[Job], *, finished_first: bool = False) -> Overview:
    """Return the states of the jobs; see `state_of`."""
    states = [state_of(job, folder, finished_first=finished_first) for job in jobs]
    return Overview(folder, states)
