"""Atomic files: write to a temporary file, then rename. Text, JSON lines and tensors.

torch is imported only when a tensor of torch is written or read.
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
"""Key of the checksum in the header of a tensor file."""


def package_folder(name: str) -> Path:
    """Return the folder `conf` or `resources` of the installed package or of the checkout."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Open a temporary UTF-8 text file that replaces `path` when the context exits.

    On an error, the temporary file is removed and `path` is unchanged.

    Raises:
        InputError: if `path` cannot be written.
    """
    with replacement(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as f:
        yield f


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Yield the path of an empty file that replaces `path` when the context exits.

    Same as `replacing`, for libraries that need a path.
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
    """Remove temporary files that killed processes left in `folder`.

    No other process may be writing to the folder.
    """
    for path in folder.glob(".*.tmp"):
        try:
            path.unlink()
        except OSError:  # a leftover only takes space
            continue


def make_folder(path: Path) -> None:
    """Create the folder `path` and its missing parents.

    Raises:
        InputError: if it cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be created ({error.strerror or error})") from None


def json_line(value: Any) -> str:
    r"""Return one line of JSON, escaped to ASCII only if it contains lone surrogates.

    >>> print(json_line({"text": "Да"}), json_line("\ud800"))
    {"text": "Да"} "\ud800"
    """
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(value)
    return line


def _umask() -> int:
    """Return the file mode mask of the process, which can only be read by setting it."""
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

    safetensors itself does not detect flipped bits.

    Args:
        tensors: contiguous numpy arrays, or torch tensors on the CPU.
        texts: stored in the header, which is limited to 100 MB.
        before_replacing: called when all data is on the disk, before the file is renamed.

    Raises:
        InputError: if `path` cannot be written.
    """
    assert CHECKSUM not in texts
    values = dict(tensors)
    hashed = {**texts, CHECKSUM: _digest(values, texts)}
    with replacement(path) as temporary:
        try:
            _save(values, temporary, hashed)
            # After a power failure, the new name must not exist without its contents.
            _flush(temporary)
            before_replacing()
        except SafetensorError as error:
            raise OSError(_reason(error)) from None


def read_tensors(path: Path, framework: str, what: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the tensors and the texts that `write_tensors` wrote.

    Args:
        framework: `pt` or `numpy`.
        what: kind of file, for messages: `a checkpoint`.

    Raises:
        FileNotFoundError: if there is no such file.
        InputError: if it has another format or is damaged.
    """
    try:
        with safe_open(path, framework=framework) as file:
            texts = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise
    # A dtype that the framework lacks raises AttributeError, ValueError or TypeError.
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
    """Return the message of the operating system, if the error is one of its own."""
    number = re.search(r"os error (\d+)", str(error))
    return os.strerror(int(number[1])) if number else str(error).splitlines()[0]
