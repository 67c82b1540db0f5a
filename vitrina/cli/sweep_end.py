"""Reports a sweep: one table of all jobs, with the reason where a job has no scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from vitrina.reports.run_table import RunResult, compare_table, read_run
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
    console.print(compare_table([_result(each, folder) for each in found.jobs]))
    console.print(f"results: {folder}", highlight=False, soft_wrap=True)
    return bool(jobs) and all(each.state in ("finished", "running") for each in found.jobs)


def _result(each: JobState, folder: Path) -> RunResult:
    if each.folder is None:
        result = RunResult(folder / each.job.name, error="has not been started")
    else:
        result = read_run(each.folder)
    if not (result.choices or result.overrides):  # it ended before it could be recorded
        pairs = [override.partition("=") for override in each.job.overrides]
        model = each.job.name.removesuffix(f"-{each.job.signature}")
        result.choices = {"model": model} | {key: value for key, _, value in pairs}
    if each.state != "finished":
        running = "running elsewhere" if each.state == "running" else ""
        result.metrics, result.state = {}, each.state
        result.error = running or each.detail or result.error
    return result
