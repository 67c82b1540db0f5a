"""Rows of training steps: speed, memory, and share of the peak of the processor."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.models.precision import dtype_of
from vitrina.runs.memory import peak_memory_mb

from .external import in_new_process
from .references import PaddedModel, PaddedTraining
from .row import Quantity, Row
from .target import Bench, BenchmarkTarget

GLYPHS = ("model=vtr_glyphs",)
REFERENCE = ("model=vtr_reference",)
LINE = ("model=vtr_line",)
UTILIZED = ("vtr_glyphs", "vtr_glyphs_plain", "vtr_line", "vtr_reference")
SLOW_REPETITIONS = 1
"""For comparisons with the padded model, whose step takes up to a minute on two cores."""
BYTES_PER_SLICE = 1_300_000
"""Bytes that the padded model stores per slice for the gradient, at the published widths."""


class Padded:
    """Padded reference of `target`, which is a vtr_reference of any dimensions."""

    def __init__(self, target: BenchmarkTarget) -> None:
        self.target = target
        self.training = PaddedTraining(
            PaddedModel(target.model),
            target.config.optimizer.learning_rate,
            target.config.training.clip_norm or 1e9,
        )

    def batch(self, indices: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Return slices [B, L, H, W], mask [B, L] and targets [B] of noisy texts at `indices`."""
        target, embedder = self.target, self.target.model.embedder
        assert isinstance(embedder, SlicesEmbedder)
        texts = target.train.normalizer(target.train.corrupt(indices, 0))
        inputs = embedder.tokenizer(texts).to(target.device)
        each = embedder.render(inputs).split(inputs.num_tokens.tolist())
        padded = torch.nn.utils.rnn.pad_sequence(list(each), batch_first=True)
        lengths = torch.from_numpy(inputs.num_tokens).to(target.device)
        mask = torch.arange(padded.shape[1], device=target.device) < lengths[:, None]
        labels = torch.from_numpy(target.train.split.labels[indices])
        return padded, mask, labels.to(target.device)

    def check(self, indices: np.ndarray) -> float:
        """Compare the scores with those of `target` in fp32; return the largest difference."""
        target = self.target
        model, padded = copy.deepcopy(target.model).eval(), PaddedModel(target.model).eval()
        inputs = target.training.prepare(indices, 0).inputs
        slices, mask, _ = self.batch(indices)
        with torch.inference_mode():
            wanted, found = padded(slices, mask), model(inputs.to(target.device))
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)
        return (found - wanted).abs().max().item()


def same(bench: Bench) -> Iterator[Row]:
    """Time the same step twice, which shows the noise of a ratio."""
    target, batch = bench.target(*GLYPHS), bench.random_batch(64)
    first, second = bench.time(lambda: target.step(batch), lambda: target.step(batch))
    yield Row("same", "a training step of vtr_glyphs against itself", Quantity.ratio(first, second))


def train(bench: Bench) -> Iterator[Row]:
    """Time the published architecture and the line model on random batches of real lengths."""
    on_gpu, bf16 = bench.device.type == "cuda", dtype_of("auto", bench.device) == torch.bfloat16
    min_ratio = 13 if on_gpu else 12 if bf16 else 3.5
    yield from _against_padded(
        bench,
        bench.usual_batch(_fitting(bench)),
        {
            "train/vtr_reference": (REFERENCE, min_ratio),
            "train/vtr_line": (LINE, 60),
        },
    )


def train_equal(bench: Bench) -> Iterator[Row]:
    """Time a step on comments of equal length, for which padding costs nothing."""
    min_ratio = 4 if bench.device.type == "cuda" else None
    batch = bench.equal_batch(_fitting(bench))
    yield from _against_padded(bench, batch, {"train_equal/vtr_reference": (REFERENCE, min_ratio)})


def _against_padded(
    bench: Bench, batch: np.ndarray, rows: Mapping[str, tuple[Sequence[str], float | None]]
) -> Iterator[Row]:
    """Yield a row for each target, all timed alternately with one padded model."""
    padded = Padded(bench.target(*REFERENCE))
    difference = padded.check(batch[:4])
    given = padded.batch(batch)
    targets = [bench.target(*overrides) for overrides, _ in rows.values()]
    *timings, reference = bench.time(
        *(lambda target=target: target.step(batch) for target in targets),
        lambda: padded.training.step(*given),
        repetitions=SLOW_REPETITIONS,
    )
    mask = given[1]
    for (name, (_, min_ratio)), fast in zip(rows.items(), timings, strict=True):
        yield Row(
            name,
            "training step; reference: padded fp32 vtr_reference",
            Quantity.ratio(reference, fast),
            Quantity.rate(fast, len(batch), "comments/s"),
            Quantity.rate(reference, len(batch), "comments/s"),
            target=min_ratio,
            details={
                "comments": len(batch),
                "padded_slices_per_slice": mask.numel() / int(mask.sum()),
                "largest_difference_of_scores": difference,
                "seconds_of_the_first_step": fast.first,
            },
        )


def _fitting(bench: Bench) -> int:
    """Return the number of comments, at most `bench.num_texts`, that fit into memory padded."""
    lengths = bench.dataset.train.texts.lengths
    size = bench.num_texts
    while size > 4:
        longest = float(lengths[bench.usual_batch(size)].max())
        slices = size * longest * 7.5 / 5  # a character is about 7.5 px wide
        if slices * BYTES_PER_SLICE < 0.7 * _free_bytes(bench.device):
            break
        size //= 2
    return size


def _free_bytes(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        line = Path("/proc/meminfo").read_text().split("MemAvailable:")[1]
        return int(line.split()[0]) * 1024.0
    except (OSError, IndexError):
        return 8e9


def memory(bench: Bench) -> Iterator[Row]:
    """Measure the peak memory of a process that takes two training steps, padded and not."""
    batch = bench.usual_batch(_fitting(bench))
    given = (bench.data, str(bench.device), REFERENCE, batch)
    ours, padded = in_new_process(_peak, False, *given), in_new_process(_peak, True, *given)
    if ours is None or padded is None:
        raise MemoryError("a process of the row `memory` was killed")
    yield Row(
        "memory",
        "peak memory of a training step of vtr_reference; reference: padded fp32",
        Quantity(padded / ours, "×"),
        Quantity(ours, "MB"),
        Quantity(padded, "MB"),
        target=8,
        details={"comments": len(batch)},
    )


def _peak(
    use_padded: bool, data: Path | None, device: str, overrides: Sequence[str], batch: np.ndarray
) -> float:
    target = Bench(data, device).target(*overrides)
    if use_padded:
        padded = Padded(target)
        given = padded.batch(batch)
        for _ in range(2):
            padded.training.step(*given)
    else:
        for _ in range(2):
            target.step(batch)
    return peak_memory_mb(target.device)


def utilization(bench: Bench) -> Iterator[Row]:
    """Measure the FLOP/s of a step as a share of the FLOP/s of a large matrix product."""
    peak = _peak_flops(bench)
    on_gpu = bench.device.type == "cuda"
    for preset in UTILIZED:
        target = bench.target(f"model={preset}")
        batch = bench.random_batch(256 if on_gpu else target.config.training.batch_size)
        with FlopCounterMode(display=False) as counter:
            target.step(batch)
        (timing,) = bench.time(lambda target=target, batch=batch: target.step(batch))
        flops = counter.get_total_flops()
        yield Row(
            f"utilization/{preset}",
            "FLOP/s of valid tokens, as a share of those of a large matrix product",
            Quantity(100 * flops / timing.median / peak, "%"),
            Quantity.rate(timing, flops / 1e9, "GFLOP/s"),
            Quantity(peak / 1e9, "GFLOP/s"),
            target=35 if preset == "vtr_reference" and on_gpu else None,
            details={"gflop_per_comment": flops / len(batch) / 1e9},
        )


def _peak_flops(bench: Bench) -> float:
    size = 8192 if bench.device.type == "cuda" else 2048
    dtype = dtype_of("auto", bench.device)
    a, b = (torch.randn(size, size, device=bench.device).to(dtype) for _ in range(2))
    (timing,) = bench.time(lambda: a @ b, repetitions=10)
    return 2 * size**3 / min(timing.seconds)
