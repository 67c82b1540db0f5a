"""Checks all jobs of a sweep, then starts Hydra's sweeper and launcher."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from vitrina.cli.compose import Composer, check
from vitrina.cli.job import SweepJob, reason
from vitrina.config import signature, to_dict
from vitrina.errors import InputError
from vitrina.reports.formats import terminal
from vitrina.reports.runs import Run, read_run
from vitrina.reports.table import run_table
from vitrina.runs.plan import Job, add_to_plan, read_plan
from vitrina.runs.status import JobState, overview


def run_sweep(composer: Composer, master: DictConfig) -> int:
    """Run all jobs of a sweep and return the exit code; its jobs share the settings `master`."""
    jobs = sweep_jobs(composer, master)
    if jobs:
        print(f"{len(jobs)} jobs, all checked", flush=True)
    folder = Path(master.hydra.sweep.dir)
    add_to_plan(folder, jobs, shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))
    job = SweepJob(tuple(jobs), os.getpid(), tuple(sys.argv))
    mode = f"hydra.mode={RunMode.MULTIRUN.name}"
    ended = True
    try:
        composer.hydra.multirun(composer.config_name, job, [*composer.overrides, mode])
    except (InputError, HydraException, OmegaConfBaseException):
        raise
    except Exception as error:  # workers of a launcher died; the results of other jobs stay
        ended = False
        print(f"error: the sweep stopped: {reason(error)}; resume=true resumes it", file=sys.stderr)
    finished = report_sweep(folder, jobs or read_plan(folder))
    return 0 if finished and ended else 1


def sweep_jobs(composer: Composer, master: DictConfig) -> list[Job]:
    """Compose, check and return all jobs; none for sweepers that choose their jobs one by one.

    Raises:
        InputError, OmegaConfBaseException: for the first job with a wrong setting.
    """
    if master.hydra.runtime.choices.get("hydra/sweeper") != "basic":
        return []
    jobs = []
    for overrides in _overrides_of_jobs(composer, master):
        composed = composer.compose_job(master, overrides)
        signed = signature(to_dict(check(composed)))
        model = composed.hydra.runtime.choices.get("model") or "run"
        jobs.append(Job(signed, f"{model}-{signed}", list(overrides)))
    if not jobs:
        given = " ".join(composer.overrides)
        raise InputError(f"{given}: no job; each glob() must match an option")
    return jobs


def _overrides_of_jobs(composer: Composer, master: DictConfig) -> Sequence[Sequence[str]]:
    params = master.hydra.sweeper.params or {}
    swept = [f"{key}={value}" for key, value in params.items()]
    (jobs,) = BasicSweeper.split_arguments(
        composer.parse([*swept, *master.hydra.overrides.task]), None
    )
    return jobs


def report_sweep(folder: Path, jobs: Sequence[Job]) -> bool:
    """Print the jobs of a sweep in one table and return whether none is left to run.

    A job that is running in another process does not count as left to run.

    Args:
        folder: folder of the sweep; it may contain runs of other sweeps.
        jobs: if a job has several runs, the newest counts.
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
    if not result.record:  # the run ended before it wrote its record
        model = each.job.name.removesuffix(f"-{each.job.signature}")
        result.record = {"choices": {"model": model}, "overrides": list(each.job.overrides)}
    if each.state != "finished":
        running = "running in another process" if each.state == "running" else ""
        result.metrics, result.state = {}, each.state
        result.error = running or each.detail or result.error
    return result
