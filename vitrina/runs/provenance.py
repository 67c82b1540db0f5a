"""Hashes of the weights of other runs that a run builds on, for its record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from vitrina.errors import InputError


def weights_hashes(runs: Mapping[str, str]) -> dict[str, str]:
    """Return the sha256 of the best weights of each run, by key.

    Args:
        runs: folders by the key of the setting that names each (`Config.runs_used`).

    Raises:
        InputError: if weights cannot be read.
    """
    hashes = {}
    for key, run in runs.items():
        weights = Path(run) / "checkpoints" / "best.safetensors"
        try:
            hashes[key] = hashlib.sha256(weights.read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"{weights}: cannot be read ({error.strerror})") from None
    return hashes


def require_same_weights(runs: Mapping[str, str], recorded: Mapping[str, str]) -> None:
    """Check that other runs still have the weights that a run was trained with.

    Args:
        runs: as in `weights_hashes`.
        recorded: the hashes in the record of the run that builds on them.

    Raises:
        InputError: names the key and the folder of a run with other weights.
    """
    for key, value in weights_hashes(runs).items():
        if recorded.get(key, value) != value:
            raise InputError(
                f"{key} = {runs[key]!r}: the weights there are not those that this run was "
                "trained with"
            )
