"""Files that are written whole or not at all, and the lines of JSON in them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from vitrina.errors import InputError


def package_folder(name: str) -> Path:
    """The folder `conf` or `resources`: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file (UTF-8) that takes the place of `path` when all is written.

    On an error it vanishes, and what stood at `path` stays.

    Raises:
        InputError: if `path` cannot be written.
    """
    with replacement(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as f:
        yield f


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """The path of an empty file beside `path`, to be filled, that takes its place at the end.

    For what is written by libraries that want a path; otherwise as `replacing`.
    """
    if path.exists() and not path.is_file():  # a folder, or a device that renaming would destroy
        raise InputError(f"{path}: cannot be written (not a plain file)")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp makes files that only their owner can read.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None


def remove_leftovers(folder: Path) -> None:
    """Remove from `folder` what `replacement` was writing there when its process was killed.

    Only for a folder that no other process writes to.
    """
    for path in folder.glob(".*.tmp"):
        try:
            path.unlink()
        except OSError:  # what cannot be removed takes room, no more
            continue


def make_folder(path: Path) -> None:
    """Make the folder `path` and all above it, where they are missing.

    Raises:
        InputError: if it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be made ({error.strerror or error})") from None


def json_line(value: Any) -> str:
    """One line of JSON, readable Russian; escaped where lone surrogates cannot be written."""
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(value)
    return line


def _umask() -> int:
    """The process's mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
