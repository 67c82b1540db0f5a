"""A small run on the demo corpus that several tests look at, trained once."""

from pathlib import Path
from typing import Any

import pytest

from vitrina.config import compose_config
from vitrina.run import run

SMALL = (
    "dataset.num_comments=300",
    "training.epochs=1",
    "evaluation=quick",
    "tracking=none",
    "threads=1",
)
"""For runs of seconds; the first one is for the demo corpus alone."""


def small_run(folder: Path, *overrides: str) -> dict[str, Any]:
    """Train on a few demo comments; returns the metrics."""
    return run(compose_config([*SMALL, *overrides]), folder, overrides=list(overrides))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of the default model."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    small_run(folder)
    return folder
