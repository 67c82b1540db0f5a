"""Small runs on the demo corpus, trained once and shared by tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
from torch import Tensor

from vitrina.config import compose_config
from vitrina.experiment import run
from vitrina.training.loop import Batch, Training

# The test models are tiny: more threads gain nothing, and slow the tests down many times on a busy
# machine. The variable is for subprocesses.
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(1)
# A busy machine misses any deadline.
hypothesis.settings.register_profile("no_deadline", deadline=None)
hypothesis.settings.load_profile("no_deadline")

SMALL = ("dataset.num_comments=300", "training.epochs=1", "evaluation=quick", "tracking=none")
"""Overrides for runs of seconds; the first one is only for the demo corpus."""
PLAIN = "model=vtr_glyphs_plain"
"""Model of tests that work with any model; checkpoints of the default are 100 times larger."""


def small_run(folder: Path, *overrides: str) -> dict[str, Any]:
    """Train on a few demo comments, `PLAIN` unless a model is named. Return the metrics."""
    named = any(each.startswith("model=") for each in overrides)
    given = [*overrides] if named else [PLAIN, *overrides]
    return run(compose_config([*SMALL, *given]), folder, overrides=given)


@contextmanager
def training_that_dies(step: int) -> Iterator[None]:
    """Make a training die at the start of a step, counted from 0."""
    take_step = Training.step

    def dies(training: Training, batch: Batch) -> Tensor:
        if training.state.step == step:
            raise OSError("no space left")
        return take_step(training, batch)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(Training, "step", dies)
        yield


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    small_run(folder)
    return folder


@pytest.fixture(scope="session")
def reads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of a small model with OCR."""
    folder = tmp_path_factory.mktemp("reads") / "run"
    narrow = ["encoder.dim=32", "ocr.dim=64", "ocr.min_count=5", "training.epochs=2"]
    few = ["dataset.limit_test=40", "dataset.limit_val=20", "training.batch_size=8"]
    small_run(folder, "ocr=ctc", *narrow, *few)
    return folder
