"""Folder of a run. It contains at most one run, and a lock while a process runs in it."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vitrina import config as configuration
from vitrina.config import Config
from vitrina.errors import InputError
from vitrina.files import make_folder, remove_leftovers
from vitrina.runs.provenance import require_same_runs
from vitrina.runs.record import read_json, recorded_hashes

LOCK = ".lock"
"""Lock file of a run in progress. The system releases the lock however the process ends."""

PATIENCE_SECONDS = 0.5
"""Time to wait for a lock, since `is_running` holds it for a moment."""


class FolderBusyError(InputError):
    """Another process is running in this folder."""


@contextmanager
def lock(folder: Path, *, waits: bool = False) -> Iterator[None]:
    """Lock the folder against other runs and remove temporary files of killed processes.

    Args:
        waits: whether another process of this run holds the lock.

    Raises:
        FolderBusyError: if another run holds the lock.
        InputError: if the lock cannot be written.
    """
    if waits:
        yield
        return
    make_folder(folder)
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(folder / LOCK, timeout=PATIENCE_SECONDS))
        except Timeout:
            raise FolderBusyError(f"{folder}: another process is running in this folder") from None
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{folder / LOCK}: cannot be written ({reason})") from None
        for part in (folder, folder / "checkpoints", folder / "predictions"):
            remove_leftovers(part)
        yield


@contextmanager
def acquire(folder: Path, config: Config, *, numbered: bool, waits: bool = False) -> Iterator[Path]:
    """Lock a folder for this run and yield it.

    Args:
        folder: folder that the settings of the run name.
        numbered: whether to use `<folder>-2`, `<folder>-3`, … if the folder is in use. A resumed
            run uses the last of them. If false, `folder` is used, whatever it contains.
        waits: whether another process of this run holds the lock.

    Raises:
        FolderBusyError: if another process is running in the folder.
    """
    if waits or not numbered:
        with lock(folder, waits=waits):
            yield folder
        return
    taken = runs_of(folder)
    if config.resume:
        chosen = taken[-1] if taken else folder
        with lock(chosen):
            yield chosen
        return
    for candidate in _numbered(folder):
        if candidate.exists() and not is_free(candidate):
            continue
        with ExitStack() as held:
            try:
                held.enter_context(lock(candidate))
            except FolderBusyError:
                continue
            if is_free(candidate):  # another run may have used it since the first check
                yield candidate
                return


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    for number in itertools.count(2):
        yield folder.with_name(f"{folder.name}-{number}")


def runs_of(folder: Path) -> list[Path]:
    """Return the folders in use among `folder`, `<folder>-2`, …, sorted by number."""
    found: dict[int, Path] = {1: folder} if folder.is_dir() else {}
    for path in folder.parent.glob(f"{glob.escape(folder.name)}-*"):
        number = path.name[len(folder.name) + 1 :]
        if number.isdecimal() and path.is_dir():
            found[int(number)] = path
    return [found[number] for number in sorted(found) if not is_free(found[number])]


def is_free(folder: Path) -> bool:
    """Return whether the folder contains no files of a run."""
    return all(path.name == LOCK for path in folder.iterdir())


def is_running(folder: Path) -> bool:
    """Return whether a process, including this one, is running in the folder now."""
    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def finished_run(folder: Path, config: Config) -> Path | None:
    """Return the finished run of these settings that `resume=true` finds, or None."""
    taken = runs_of(folder)
    if not taken or not (taken[-1] / "metrics.json").is_file():
        return None
    mine = configuration.signature(configuration.to_dict(config))
    return taken[-1] if read_json(taken[-1] / "record.json").get("signature") == mine else None


def enter(folder: Path, config: Config) -> dict[str, Any] | None:
    """Check that this run may use the folder. Return its metrics if the run is finished.

    Raises:
        InputError: if the folder contains a run with other settings, or one that is not resumed.
    """
    if not (folder / "record.json").exists():
        return None
    mine = configuration.signature(configuration.to_dict(config))
    theirs = read_json(folder / "record.json").get("signature")
    if not config.resume:
        raise InputError(
            f"{folder}: contains a run already; resume=true resumes it, name=… or "
            "hydra.run.dir=… chooses another folder"
        )
    if mine != theirs:
        raise InputError(
            f"{folder}: contains a run with other settings (signature {theirs}, not {mine}); "
            "resume=true needs the settings that it was started with"
        )
    if (folder / "metrics.json").exists():
        return read_json(folder / "metrics.json")
    require_same_runs(config.runs_used(), recorded_hashes(folder))
    return None
