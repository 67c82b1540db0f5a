"""The plan of a sweep: `sweep.json` in its folder tells which jobs belong to it.

A job is known by its signature. Sweeps that are started into the same folder add their jobs to the
plan that is there, so that the folder always tells what is still missing.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vitrina.errors import InputError
from vitrina.files import make_folder
from vitrina.runs.record import read_json, write_json

PLAN = "sweep.json"


@dataclass(frozen=True)
class Job:
    """A run that belongs to a sweep.

    Attributes:
        signature: of its settings, as in `record.json`.
        name: of its folder, to which a number is added where such a run stood already.
        overrides: its own values, as on the command line.
    """

    signature: str
    name: str
    overrides: list[str]

    @property
    def told(self) -> str:
        """Its values in one line."""
        return " ".join(self.overrides) or "(no overrides)"


def read_plan(folder: Path) -> list[Job]:
    """The jobs that were ever started into `folder`; none if there is no plan.

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
    """Add the jobs that are not in the plan yet; all that are in it now.

    Args:
        command: what was typed, kept beside its jobs.

    Raises:
        InputError: if the plan cannot be read or written.
    """
    make_folder(folder)
    try:
        lock = (folder / f".{PLAN}.lock").open("w")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # held for milliseconds
        known = {job.signature: job for job in read_plan(folder)}
        commands = read_json(folder / PLAN).get("commands", []) if known else []
        new = list({job.signature: job for job in jobs}.values())
        known |= {job.signature: job for job in new if job.signature not in known}
        if command is not None:
            commands.append({"command": command, "started": time.strftime("%Y-%m-%dT%H:%M:%S%z")})
        values = {"commands": commands, "jobs": [asdict(job) for job in known.values()]}
        write_json(folder / PLAN, values)
        return list(known.values())
