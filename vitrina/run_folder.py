"""The folder of a run: one run in it, and never another one's."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vitrina import config as configuration
from vitrina.config import Config
from vitrina.errors import InputError
from vitrina.files import make_folder, remove_leftovers
from vitrina.normalizers.reader import require_same_reader
from vitrina.record import read_json, recorded_hashes


@contextmanager
def alone_in(folder: Path, *, waits: bool = False) -> Iterator[None]:
    """Hold the folder against other runs; the system frees it however this process ends.

    What a killed process had half written there is removed.

    Args:
        waits: whether another process of this run holds it.

    Raises:
        InputError: if another run holds it, or nothing can be written there.
    """
    if waits:
        yield
        return
    make_folder(folder)
    try:
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written to ({error.strerror or error})") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another process is running in this folder") from None
        except OSError as error:
            raise InputError(f"{folder}: cannot be locked ({error.strerror or error})") from None
        for part in (folder, folder / "checkpoints", folder / "predictions"):
            remove_leftovers(part)
        yield


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
    require_same_reader(config.normalizer, recorded_hashes(folder))
    return None
