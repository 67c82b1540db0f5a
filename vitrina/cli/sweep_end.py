"""Reports a sweep: one table of all jobs, with the reason where a job has no scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from vitrina.reports.formats import terminal
from vitrina.reports.runs import Run, read_run
from vitrina.reports.table import run_table
from vitrina.runs.plan import Job
from vitrina.runs.status import JobState, overview


def report_sweep(folder: Path, jobs: Sequence[Job]) -> bool:
    """Print the jobs of a sweep in one table and return whether none is left to run.

    A job that another process runs at the moment is left to it.

    Args:
        folder: the folder of the sweep, which may hold runs of others.
        jobs: of several runs of one job, the newest counts.
    """
    found = overview(folder, jobs, finished_first=True)
    console = Console()
    table = run_table([_result(each, folder) for each in found.jobs])
    console.print(terminal(table, console.width))
    console.print(f"results: {folder}", highlight=False, soft_wrap=True)
    return bool(jobs) and all(each.state in ("finished", "running") for each in found.jobs)


def _result(each: JobState, folder: Path) -> Run:
    if each.folder is None:
        result = Run(folder / each.job.name, error="has not been started")
    else:
        result = read_run(each.folder)
    if not result.record:  # it ended before it could be recorded
        model = each.job.name.removesuffix(f"-{each.job.signature}")
        result.record = {"choices": {"model": model}, "overrides": list(each.job.overrides)}
    if each.state != "finished":
        running = "running in another process" if each.state == "running" else ""
        result.metrics, result.state = {}, each.state
        result.error = running or each.detail or result.error
    return result
