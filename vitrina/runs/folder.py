"""The folder of a run: one run in it, and never another one's."""

from __future__ import annotations

import fcntl
import glob
import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from vitrina import config as configuration
from vitrina.config import Config
from vitrina.errors import InputError
from vitrina.files import make_folder, remove_leftovers
from vitrina.runs.provenance import require_same_runs
from vitrina.runs.record import read_json, recorded_hashes

LOCK = ".lock"
"""Held while a run is going on; the system frees it however the process ends."""

PATIENCE_SECONDS = 0.5
"""For which a held folder is asked again: who only looks holds it for less than a moment."""


class FolderBusyError(InputError):
    """Another process is running in this folder."""


@contextmanager
def lock(folder: Path, *, waits: bool = False) -> Iterator[None]:
    """Hold the folder against other runs; the system frees it however this process ends.

    What a killed process had half written there is removed.

    Args:
        waits: whether another process of this run holds it.

    Raises:
        FolderBusyError: if another run holds it.
        InputError: if nothing can be written there.
    """
    if waits:
        yield
        return
    make_folder(folder)
    with _opened(folder / LOCK) as lock:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _locked(lock, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise FolderBusyError(f"{folder}: another process is running in this folder")
            time.sleep(0.02)
        for part in (folder, folder / "checkpoints", folder / "predictions"):
            remove_leftovers(part)
        yield


@contextmanager
def acquire(folder: Path, config: Config, *, numbered: bool, waits: bool = False) -> Iterator[Path]:
    """Hold a folder for this run as long as the context lasts.

    Args:
        folder: the folder that the run's settings name.
        numbered: whether the run may stand beside others of its settings: a folder in use is
            passed over for `<folder>-2`, `<folder>-3`, …, and a run that goes on does so in the
            last of them. Otherwise it stands in `folder`, whatever is there.
        waits: whether another process of this run holds it.

    Raises:
        FolderBusyError: if another process goes on with this run already.
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
            if is_free(candidate):  # another one may have come and gone since this one looked
                yield candidate
                return


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    for number in itertools.count(2):
        yield folder.with_name(f"{folder.name}-{number}")


def runs_of(folder: Path) -> list[Path]:
    """Folders in use among `folder`, `<folder>-2`, …, in the order of their numbers."""
    found: dict[int, Path] = {1: folder} if folder.is_dir() else {}
    for path in folder.parent.glob(f"{glob.escape(folder.name)}-*"):
        number = path.name[len(folder.name) + 1 :]
        if number.isdecimal() and path.is_dir():
            found[int(number)] = path
    return [found[number] for number in sorted(found) if not is_free(found[number])]


def is_free(folder: Path) -> bool:
    """Whether no run has left anything in the folder."""
    return all(path.name == LOCK for path in folder.iterdir())


def is_running(folder: Path) -> bool:
    """Whether some process, this one included, is running in the folder just now."""
    if not (folder / LOCK).is_file():
        return False
    try:
        with (folder / LOCK).open() as lock:
            return not _locked(lock, fcntl.LOCK_SH)
    except (OSError, InputError):
        return False


def finished_run(folder: Path, config: Config) -> Path | None:
    """The finished run of these settings that a run which goes on would find, if there is one."""
    taken = runs_of(folder)
    if not taken or not (taken[-1] / "metrics.json").is_file():
        return None
    mine = configuration.signature(configuration.to_dict(config))
    return taken[-1] if read_json(taken[-1] / "record.json").get("signature") == mine else None


def enter(folder: Path, config: Config) -> dict[str, Any] | None:
    """Check that the folder is free for this run; its metrics, if the run is finished.

    Raises:
        InputError: if it holds a run of other settings, or one that is not to go on.
    """
    if not (folder / "record.json").exists():
        return None
    mine = configuration.signature(configuration.to_dict(config))
    record = read_json(folder / "record.json")
    theirs = record.get("signature")
    if not config.resume:
        raise InputError(
            f"{folder}: holds a run already; resume=true goes on with it, name=… or "
            "hydra.run.dir=… starts elsewhere"
        )
    if mine != theirs:
        raise InputError(
            f"{folder}: holds a run of other settings (signature {theirs}, not {mine}); "
            "resume=true needs the settings it was started with"
        )
    if (folder / "metrics.json").exists():
        return read_json(folder / "metrics.json")
    require_same_runs(config.runs_used(), recorded_hashes(folder))
    return None


def _opened(path: Path) -> Any:
    try:
        return path.open("w")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None


def _locked(lock: Any, kind: int) -> bool:
    """Whether the lock could be had without waiting."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{lock.name}: cannot be locked ({reason})") from None
    return True
