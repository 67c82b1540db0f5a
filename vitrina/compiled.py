"""Compiles numeric loops by Numba and keeps the machine code in the user's cache folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def cache_folder() -> Path:
    """Return the folder of compiled code: NUMBA_CACHE_DIR, or the user's own cache folder."""
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    return Path(base or Path.home() / ".cache") / "vitrina" / "compiled"


def compiled(function: F) -> F:
    """Compile a function at its first call, with the interpreter lock released.

    The machine code is cached by source and processor; where the folder cannot be written, each
    process compiles again.
    """
    before = numba.config.CACHE_DIR  # pyright: ignore[reportAttributeAccessIssue]
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        numba.config.CACHE_DIR = str(folder)  # pyright: ignore[reportAttributeAccessIssue]
        return numba.njit(function, nogil=True, cache=True)  # pyright: ignore
    except (OSError, RuntimeError):
        return numba.njit(function, nogil=True)  # pyright: ignore
    finally:
        numba.config.CACHE_DIR = before  # pyright: ignore[reportAttributeAccessIssue]
