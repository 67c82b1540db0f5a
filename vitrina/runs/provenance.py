"""Runs that another run uses: the hashes of their weights, for its record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from vitrina.errors import InputError


def run_hashes(used: Mapping[str, str]) -> dict[str, str]:
    """sha256 of the best weights of each run that is used, by setting.

    Args:
        used: folders of runs, by the setting that names each (`Config.runs_used`).

    Raises:
        InputError: if weights cannot be read.
    """
    return {key: _weights_hash(Path(run)) for key, run in used.items()}


def require_same_runs(used: Mapping[str, str], recorded: Mapping[str, str]) -> None:
    """Check that the runs that are used have the weights that a record names.

    Args:
        used: folders of runs, by the setting that names each.
        recorded: hashes in the record of the run that uses them.

    Raises:
        InputError: if one has other weights.
    """
    for key, value in run_hashes(used).items():
        if recorded.get(key) != value:
            raise InputError(
                f"{key} = {used[key]!r}: its weights are not those that this run was trained with"
            )


def _weights_hash(run: Path) -> str:
    weights = run / "checkpoints" / "best.safetensors"
    try:
        return hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{weights}: cannot be read ({error.strerror})") from None
