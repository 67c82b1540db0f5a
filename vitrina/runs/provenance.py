"""Runs whose weights another run builds on: which weights these were, for its record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from vitrina.config import ModelConfig
from vitrina.errors import InputError

ORIGIN = "model.init_from"
"""Name, among the hashes of a run's record, of the weights that it started from."""


def weights_hash(run: str) -> str:
    """sha256 of the best weights in the folder of a run.

    Raises:
        InputError: if they cannot be read.
    """
    weights = Path(run) / "checkpoints" / "best.safetensors"
    try:
        return hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{weights}: cannot be read ({error.strerror})") from None


def require_same_weights(key: str, run: str, recorded: Mapping[str, str], told: str) -> None:
    """Whether a run that is built on has the weights that it had.

    Args:
        key: the setting that names it, which is also the name of its hash.
        run: its folder.
        recorded: the hashes in the record of the run that is built on it.
        told: what these weights were to that run, for the message.

    Raises:
        InputError: if it has other weights.
    """
    value = weights_hash(run)
    if recorded.get(key, value) != value:
        raise InputError(f"{key} = {run!r}: the weights there are not those that {told}")


def origin_hashes(config: ModelConfig) -> dict[str, str]:
    """sha256 of the weights that a training starts from; nothing where they are random.

    Raises:
        InputError: if they cannot be read.
    """
    return {} if config.init_from is None else {ORIGIN: weights_hash(config.init_from)}


def require_same_origin(config: ModelConfig, recorded: Mapping[str, str]) -> None:
    """Whether the weights that a run started from are still there.

    Raises:
        InputError: if there are others.
    """
    if config.init_from is not None:
        require_same_weights(ORIGIN, config.init_from, recorded, "this run started from")
