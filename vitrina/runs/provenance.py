"""Hashes of the weights of other runs that a run uses, for its record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from vitrina.errors import InputError


def run_hashes(used: Mapping[str, str]) -> dict[str, str]:
    """Return the sha256 of the best weights of each used run, by setting.

    Args:
        used: folders of runs, by the setting that names each (`Config.runs_used`).

    Raises:
        InputError: if weights cannot be read.
    """
    return {key: _weights_hash(Path(run)) for key, run in used.items()}


def require_same_runs(used: Mapping[str, str], recorded: Mapping[str, str]) -> None:
    """Check that the used runs have the weights in the record.

    Args:
        used: folders of runs, by the setting that names each.
        recorded: hashes in the record of the run that uses them.

    Raises:
        InputError: if the weights of a run differ.
    """
    for key, value in run_hashes(used).items():
        if recorded.get(key) != value:
            raise InputError(
                f"{key} = {used[key]!r}: must have the weights that this run was trained with"
            )


def _weights_hash(run: Path) -> str:
    weights = run / "checkpoints" / "best.safetensors"
    try:
        return hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{weights}: cannot be read ({error.strerror})") from None
