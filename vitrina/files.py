"""Atomic files: write to a temporary file, then rename. Text, JSON lines and tensors.

Nothing here imports torch before a tensor of torch is written or read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from safetensors import SafetensorError, safe_open

from vitrina.errors import InputError

CHECKSUM = "sha256"
"""Key of the checksum in the header of a file of tensors."""


def package_folder(name: str) -> Path:
    """Return the folder `conf` or `resources`, of an installed package or of a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Open a text file (UTF-8) that takes the place of `path` when all is written.

    On an error it is removed, and the file at `path` stays.

    Raises:
        InputError: if `path` cannot be written.
    """
    with replacement(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as f:
        yield f


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Make an empty file next to `path`, which it replaces at the end, and return its path.

    For libraries that want a path; otherwise as `replacing`.
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
    """Remove from `folder` the temporary files of `replacement` whose process was killed.

    Only for a folder that no other process writes to.
    """
    for path in folder.glob(".*.tmp"):
        try:
            path.unlink()
        except OSError:  # it only takes space
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
    """Return one line of JSON: readable Russian, escaped where it holds lone surrogates."""
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(value)
    return line


def _umask() -> int:
    """Return the process's mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_tensors(
    path: Path,
    tensors: Mapping[str, Any],
    texts: Mapping[str, str],
    *,
    before_replacing: Callable[[], None] = lambda: None,
) -> None:
    """Write `tensors` and `texts` as safetensors, atomically, with a checksum of the contents.

    safetensors itself takes flipped bits for values, hence the checksum. When all is on the disk,
    `before_replacing` is called, and then the file takes its place.

    Args:
        tensors: numpy's arrays or torch's tensors on the CPU, contiguous.
        texts: go into the header, which is limited to 100 MB.

    Raises:
        InputError: if `path` cannot be written.
    """
    assert CHECKSUM not in texts
    values = dict(tensors)
    hashed = {**texts, CHECKSUM: _digest(values, texts)}
    with replacement(path) as temporary:
        try:
            _save(values, temporary, hashed)
            # The new name must not be on the disk before the contents are: power may fail.
            _flush(temporary)
            before_replacing()
        except SafetensorError as error:
            raise OSError(_reason(error)) from None


def read_tensors(path: Path, framework: str, what: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the tensors and the texts that `write_tensors` wrote.

    Args:
        framework: `pt` or `numpy`.
        what: the file should be, for messages: `a checkpoint`.

    Raises:
        FileNotFoundError: if there is no such file.
        InputError: if it is of another form or damaged.
    """
    try:
        with safe_open(path, framework=framework) as file:
            texts = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise
    # Of types that the framework has not: AttributeError, ValueError or TypeError.
    except (OSError, SafetensorError, AttributeError, ValueError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not {what} ({reason})") from None
    if CHECKSUM not in texts:
        raise InputError(f"{path}: not {what} (no {CHECKSUM} in its header)")
    if texts.pop(CHECKSUM) != _digest(tensors, texts):
        raise InputError(f"{path}: checksum mismatch")
    return tensors, texts


def _save(tensors: dict[str, Any], path: Path, texts: dict[str, str]) -> None:
    if all(hasattr(value, "detach") for value in tensors.values()):
        from safetensors.torch import save_file as save_torch

        save_torch(tensors, path, texts)
    else:
        from safetensors.numpy import save_file as save_numpy

        save_numpy(tensors, path, texts)


def _digest(tensors: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(dict(texts), sort_keys=True).encode("ascii"))
    for name, value in sorted(tensors.items()):
        kind = str(value.dtype).removeprefix("torch.")
        digest.update(json.dumps([name, kind, list(value.shape)]).encode("ascii"))
        digest.update(_bytes(value))
    return digest.hexdigest()


def _bytes(value: Any) -> memoryview:
    if hasattr(value, "detach"):
        import torch

        return value.detach().reshape(-1).view(torch.uint8).numpy().data
    return value.reshape(-1).view("uint8").data


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: SafetensorError) -> str:
    """Return the system's message, where the library only passes it on."""
    number = re.search(r"os error (\d+)", str(error))
    return os.strerror(int(number[1])) if number else str(error).splitlines()[0]
