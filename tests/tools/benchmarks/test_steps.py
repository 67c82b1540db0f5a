"""Rows that compare training steps, with small dimensions."""

import numpy as np
import pytest
import torch

from tools.benchmarks import steps
from tools.benchmarks.references import PaddedModel
from tools.benchmarks.target import Bench

FEW = ("dataset.num_comments=120", "device=cpu")
NARROW = (
    "model=vtr_reference",
    "embedder.channels=[4,8]",
    "embedder.dim=32",
    "encoder.dim=32",
    "encoder.mlp_dim=64",
    "encoder.num_layers=1",
)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(steps, "REFERENCE", NARROW)
    monkeypatch.setattr(steps, "LINE", ("model=vtr_line", "encoder.dim=16"))
    return Bench(None, "cpu", repetitions=1, num_texts=4)


def test_the_padded_model_is_checked_and_timed(bench: Bench) -> None:
    real, line = steps.train(bench)
    (equal,) = steps.train_equal(bench)
    assert real.name == "train/vtr_reference" and equal.name == "train_equal/vtr_reference"
    assert line.reference == real.reference
    assert real.details["comments"] == 4
    padding = [float(row.details["padded_slices_per_slice"]) for row in (real, equal)]
    assert padding[0] > padding[1] >= 1
    for row in (real, line, equal):
        assert row.ours is not None and row.reference is not None
        assert row.result.value == pytest.approx(row.ours.value / row.reference.value, rel=1e-6)
        assert float(row.details["largest_difference_of_scores"]) < 1e-3


@pytest.mark.slow
def test_peak_memory_is_measured_in_separate_processes(bench: Bench) -> None:
    (row,) = steps.memory(bench)
    assert row.ours is not None and row.reference is not None
    assert 100 < row.ours.value < 3000 and 100 < row.reference.value < 3000


def test_a_reference_with_other_scores_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Bench(None, "cpu").target(*NARROW, *FEW)
    padded = steps.Padded(target)
    assert padded.check(np.arange(3)) < 1e-3
    right = PaddedModel.forward

    def wrong(self: PaddedModel, slices: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return right(self, slices, torch.ones_like(mask))  # attends to padding and pools it

    monkeypatch.setattr(PaddedModel, "forward", wrong)
    with pytest.raises(AssertionError):
        padded.check(np.arange(3))


def test_flops_equal_those_of_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step has three times the FLOPs of a forward pass."""
    monkeypatch.setattr(steps, "UTILIZED", ("vtr_glyphs_plain",))
    bench = Bench(None, "cpu", repetitions=1)
    (row,) = steps.utilization(bench)
    config = bench.target("model=vtr_glyphs_plain").config
    width, channels = config.encoder.dim, config.embedder.dim
    stem = config.encoder.stem_kernel * channels * width
    blocks = sum(config.encoder.kernels) * width * width / config.encoder.stride
    glyphs = bench.dataset.train.texts.lengths[bench.random_batch(64)].mean()
    expected = 3 * 2 * (stem + blocks) * glyphs / 1e9
    found = float(row.details["gflop_per_comment"])
    assert expected < found < 1.6 * expected  # the layout of the batch has gaps and is rounded up
    assert 0 < row.result.value < 150
