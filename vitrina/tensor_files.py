"""Files of tensors and texts: safetensors, so that nothing is executed when one is read.

A file is written whole or not at all, and holds the hash of what is in it: safetensors itself
takes flipped bits for values. Files of before have no hash and are read as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from vitrina.errors import InputError
from vitrina.files import replacement

HASH = "sha256"
"""The name under which the hash stands among a file's texts."""


def write_tensors(
    path: Path,
    tensors: Mapping[str, Any],
    texts: Mapping[str, str],
    *,
    before_replacing: Callable[[], None] = lambda: None,
) -> None:
    """Write `tensors` (numpy's arrays or torch's tensors on the CPU, contiguous) and `texts`.

    The texts go into the header, which is bounded at 100 MB. When all is on the disk,
    `before_replacing` is called, and then the file takes its place.

    Raises:
        InputError: if `path` cannot be written.
    """
    assert HASH not in texts
    values = dict(tensors)
    hashed = {**texts, HASH: _digest(values, texts)}
    with replacement(path) as temporary:
        try:
            _save(values, temporary, hashed)
            # The new name must not be on the disk before the contents are: power may fail.
            _flush(temporary)
            before_replacing()
        except SafetensorError as error:
            raise OSError(_reason(error)) from None


def read_tensors(path: Path, framework: str, what: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The tensors and the texts that `write_tensors` wrote.

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
    found = texts.pop(HASH, None)
    if found is not None and found != _digest(tensors, texts):
        raise InputError(f"{path}: damaged, what is in it is not what was written")
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
    """What the system said, where the library only passes it on."""
    number = re.search(r"os error (\d+)", str(error))
    return os.strerror(int(number[1])) if number else str(error).splitlines()[0]
