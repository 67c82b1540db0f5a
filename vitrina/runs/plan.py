"""Plan of a sweep: `sweep.json` in its folder lists all jobs.

A signature identifies a job. Every sweep into a folder adds its jobs to the plan, which therefore
shows the jobs that are missing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from vitrina.errors import InputError
from vitrina.files import make_folder
from vitrina.runs.record import read_json, write_json

PLAN = "sweep.json"


@dataclass(frozen=True)
class Job:
    """Job of a sweep.

    Attributes:
        signature: hash of its settings, as in `record.json`.
        name: name of its folder. A number is appended if a run of the same settings exists.
        overrides: overrides of this job, as on the command line.
    """

    signature: str
    name: str
    overrides: list[str]

    @property
    def described(self) -> str:
        """Overrides in one line."""
        return " ".join(self.overrides) or "(no overrides)"


def read_plan(folder: Path) -> list[Job]:
    """Return all jobs that were started into `folder`; none if there is no plan.

    Raises:
        InputError: if the plan cannot be read.
    """
    path = folder / PLAN
    if not path.is_file():
        return []
    values = read_json(path)
    try:
        return [Job(**job) for job in values["jobs"]]
    except (KeyError, TypeError):
        raise InputError(f"{path}: not the plan of a sweep") from None


def add_to_plan(folder: Path, jobs: Sequence[Job], command: str | None = None) -> list[Job]:
    """Add jobs to the plan and return all jobs of the plan.

    Args:
        command: command line, saved with the plan.

    Raises:
        InputError: if the plan cannot be read or written.
    """
    make_folder(folder)
    try:
        with FileLock(folder / f".{PLAN}.lock"):  # held for milliseconds
            return _add(folder, jobs, command)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from None


def _add(folder: Path, jobs: Sequence[Job], command: str | None) -> list[Job]:
    known = {job.signature: job for job in read_plan(folder)}
    commands = read_json(folder / PLAN).get("commands", []) if known else []
    for job in jobs:
        known.setdefault(job.signature, job)
    if command is not None:
        commands.append({"command": command, "started": time.strftime("%Y-%m-%dT%H:%M:%S%z")})
    values = {"commands": commands, "jobs": [asdict(job) for job in known.values()]}
    write_json(folder / PLAN, values)
    return list(known.values())
