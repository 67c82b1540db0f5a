"""Record of a run: everything needed to describe and reproduce it."""

from __future__ import annotations

import json
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vitrina import config as configuration
from vitrina.config import Config
from vitrina.errors import InputError
from vitrina.files import replacing

PACKAGES = (
    "vitrina",
    "torch",
    "numpy",
    "pillow",
    "tokenizers",
    "transformers",
    "scikit-learn",
    "hydra-core",
    "pymorphy3",
    "pymorphy3-dicts-ru",
    "babel",
    "wordfreq",
)
"""Packages whose versions may change results; transformers needs the extra `pretrained`."""


def write_json(path: Path, values: Any) -> None:
    """Write `values` as JSON, atomically."""
    with replacing(path) as file:
        file.write(json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file of a run.

    Raises:
        InputError: if the file is missing or damaged.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; is this the folder of a run?") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: cannot be read (not a JSON object)")
    return values


def recorded_hashes(folder: Path) -> dict[str, str]:
    """Return the hashes in the record of the run in `folder`.

    Raises:
        InputError: if there is no record, or if it contains no hashes.
    """
    hashes = read_json(folder / "record.json").get("hashes")
    if not isinstance(hashes, dict):
        raise InputError(f"{folder / 'record.json'}: cannot be read (no hashes in it)")
    return hashes


def make_record(
    config: Config,
    *,
    choices: Mapping[str, Any],
    overrides: Sequence[str],
    hashes: Mapping[str, str],
    notes: Sequence[str],
    synthetic: bool,
) -> dict[str, Any]:
    """Return the content of `record.json`.

    Args:
        choices: option of each group; the configuration does not contain names of presets.
        overrides: of the command line.
        hashes: sha256 of data and weights that the run uses.
        notes: notes on rows that were skipped, cut or split off.
        synthetic: whether the texts are the demo corpus.
    """
    return {
        "name": config.name,
        "choices": {k: v for k, v in choices.items() if not k.startswith("hydra/")},
        "overrides": list(overrides),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "signature": configuration.signature(configuration.to_dict(config)),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "synthetic": synthetic,
        "notes": list(notes),
        "hashes": dict(hashes),
        "format": configuration.FORMAT,
        "plugins": config.plugins(),
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
        },
        "git": _git_state(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def environment() -> dict[str, Any]:
    """Return versions, commit and date, for the file of a tool."""
    return {
        "vitrina": _version("vitrina"),
        "python": platform.python_version(),
        "torch": _version("torch"),
        "commit": (_git_state() or {}).get("commit"),
        "date": time.strftime("%Y-%m-%d"),
    }


def _git_state() -> dict[str, Any] | None:
    """Return the commit of the checkout, and whether files differ from it; None without git."""
    folder = Path(__file__).resolve().parents[2]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return done.stdout.strip()

    try:
        if not (folder / ".git").exists():
            return None
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None
