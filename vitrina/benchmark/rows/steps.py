"""Training steps: how fast, in how much memory, with which share of the machine."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from vitrina.benchmark.bench import Bench
from vitrina.benchmark.elsewhere import in_new_process
from vitrina.benchmark.references import PaddedGlyphs, PaddedModel, PaddedTraining
from vitrina.benchmark.row import Quantity, Row
from vitrina.benchmark.subject import Subject
from vitrina.benchmark.timing import Timing, Work
from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.models.precision import dtype_of
from vitrina.runs.memory import peak_memory_mb
from vitrina.text.batch import TextBatch

GLYPHS = ("model=vtr_glyphs",)
PLAIN = ("model=vtr_glyphs_plain",)
REFERENCE = ("model=vtr_reference",)
LINE = ("model=vtr_line",)
LINE_AT_REFERENCE_WIDTHS = (
    *REFERENCE,
    "embedder=line",
    "embedder.channels=256",
    "embedder.dim=768",
)
UTILISED = ("vtr_glyphs", "vtr_glyphs_plain", "vtr_line", "vtr_reference")
NUM_BATCHES = 40
SLOW_REPETITIONS = 1
"""Of comparisons with the padded form, whose step takes up to a minute on two cores."""
BYTES_PER_SLICE = 1_300_000
"""What the padded form keeps of a slice until the gradient has passed, at the published widths."""


class Padded:
    """The padded form of a subject, and batches for it.

    Args:
        subject: `vtr_reference` or `vtr_glyphs_plain`, of any widths.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.form = PaddedGlyphs if subject.config.embedder.kind == "glyphs" else PaddedModel
        config = subject.config
        self.training = PaddedTraining(
            self.form(subject.model),
            config.optimizer.learning_rate,
            config.training.clip_norm or 1e9,
        )

    def batch(self, indices: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures [B, L, H, W], mask [B, L] and targets [B] of the noisy texts at `indices`."""
        subject = self.subject
        texts = subject.pipeline(subject.train.corrupt(indices, 0))
        targets = torch.from_numpy(subject.train.split.labels[indices])
        return *self.pictures(texts), targets.to(subject.device)

    def pictures(self, texts: TextBatch) -> tuple[Tensor, Tensor]:
        """Pictures [B, L, H, W], blank behind each text, and which are real, bool [B, L]."""
        embedder = self.subject.model.embedder
        inputs = embedder.tokenizer(texts).to(self.subject.device)
        if isinstance(embedder, SlicesEmbedder):
            pictures = embedder.render(inputs)
        else:
            pictures = inputs.tables["pixels"][inputs.ids]
        each = pictures.split(inputs.num_tokens.tolist())
        padded = torch.nn.utils.rnn.pad_sequence(list(each), batch_first=True)
        lengths = torch.from_numpy(inputs.num_tokens).to(padded.device)
        return padded, torch.arange(padded.shape[1], device=padded.device) < lengths[:, None]

    def check(self, indices: np.ndarray) -> float:
        """The largest difference between the scores of both forms, in eval mode and fp32."""
        subject = self.subject
        model, padded = copy.deepcopy(subject.model).eval(), self.form(subject.model).eval()
        inputs = subject.training.prepare(indices, 0).inputs
        pictures, mask, _ = self.batch(indices)
        with torch.inference_mode():
            wanted, found = padded(pictures, mask), model(inputs.to(subject.device))
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)
        return (found - wanted).abs().max().item()


def same(bench: Bench) -> Iterator[Row]:
    """The same work against itself: what a ratio of 1 looks like here."""
    subject, batch = bench.subject(*GLYPHS), bench.random_batch(64)
    first, second = bench.time(lambda: subject.step(batch), lambda: subject.step(batch))
    yield Row("same", "a training step of vtr_glyphs against itself", Quantity.ratio(first, second))


def train(bench: Bench) -> Iterator[Row]:
    """Real lengths, as a loader without buckets draws them: the described architecture at the
    published widths, and the line model as its preset and at these widths."""
    on_gpu, bf16 = bench.device.type == "cuda", dtype_of("auto", bench.device) == torch.bfloat16
    target = 13 if on_gpu else 12 if bf16 else 3.5
    yield from _against_padded(
        bench,
        bench.usual_batch(_fitting(bench)),
        {
            "train/vtr_reference": (REFERENCE, target),
            "train/vtr_line": (LINE, 60),
            "train/line_at_its_widths": (LINE_AT_REFERENCE_WIDTHS, 60),
        },
    )


def train_equal(bench: Bench) -> Iterator[Row]:
    """Comments of equal length, where padding costs nothing."""
    target = 4 if bench.device.type == "cuda" else None
    batch = bench.equal_batch(_fitting(bench))
    yield from _against_padded(bench, batch, {"train_equal/vtr_reference": (REFERENCE, target)})


def _against_padded(
    bench: Bench, batch: np.ndarray, rows: Mapping[str, tuple[Sequence[str], float | None]]
) -> Iterator[Row]:
    """A row for each of the settings and their targets, all timed in turn with one padded form."""
    padded = Padded(bench.subject(*REFERENCE))
    difference = padded.check(batch[:4])
    given = padded.batch(batch)
    subjects = [bench.subject(*overrides) for overrides, _ in rows.values()]
    *timings, obvious = bench.time(
        *(lambda subject=subject: subject.step(batch) for subject in subjects),
        lambda: padded.training.step(*given),
        repetitions=SLOW_REPETITIONS,
    )
    mask = given[1]
    for (name, (_, target)), fast in zip(rows.items(), timings, strict=True):
        yield Row(
            name,
            "training step; against padded fp32 vtr_reference",
            Quantity.ratio(obvious, fast),
            Quantity.rate(fast, len(batch), "comments/s"),
            Quantity.rate(obvious, len(batch), "comments/s"),
            target=target,
            details={
                "comments": len(batch),
                "padded_slices_per_slice": mask.numel() / int(mask.sum()),
                "largest_difference_of_scores": difference,
                "seconds_of_the_first_step": fast.first,
            },
        )


def _fitting(bench: Bench) -> int:
    """Comments whose padded form fits into the memory that is free, at most as asked."""
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
    """The largest memory of a process that makes two training steps, the padded form and ours."""
    batch = bench.usual_batch(_fitting(bench))
    given = (bench.data, str(bench.device), REFERENCE, batch)
    ours, padded = in_new_process(_peak, False, *given), in_new_process(_peak, True, *given)
    if ours is None or padded is None:
        raise MemoryError("a process of the row `memory` was killed")
    yield Row(
        "memory",
        "peak memory of vtr_reference's training step; against padded fp32",
        Quantity(padded / ours, "×"),
        Quantity(ours, "MB"),
        Quantity(padded, "MB"),
        target=8,
        details={"comments": len(batch)},
    )


def _peak(
    use_padded: bool, data: Path | None, device: str, overrides: Sequence[str], batch: np.ndarray
) -> float:
    subject = Bench(data, device).subject(*overrides)
    if use_padded:
        padded = Padded(subject)
        given = padded.batch(batch)
        for _ in range(2):
            padded.training.step(*given)
    else:
        for _ in range(2):
            subject.step(batch)
    return peak_memory_mb(subject.device)


def train_glyphs(bench: Bench) -> Iterator[Row]:
    """The default model, and the plain form of it, over the batches that a training meets; the
    obvious form of the plain one draws them at random, without noise and encoding."""
    what = "training, noise and encoding included"
    subject = bench.subject(*GLYPHS)
    steps, num_texts = _first_steps(subject)
    (timing,) = bench.time(steps)
    yield Row(
        "train_glyphs/vtr_glyphs",
        what,
        Quantity.rate(timing, num_texts, "comments/s"),
        target=900,
        details={"seconds_of_the_first_pass": timing.first},
    )
    subject = bench.subject(*PLAIN)
    first, padded = subject.training.epoch_batches(0)[0], Padded(subject)
    difference = padded.check(first)
    drawn = [padded.batch(bench.random_batch(len(first), seed)) for seed in range(NUM_BATCHES // 8)]

    def obvious_steps() -> None:
        for given in drawn:
            padded.training.step(*given)

    steps, num_texts = _first_steps(subject)
    fast, obvious = bench.time(steps, obvious_steps)
    yield Row(
        "train_glyphs/vtr_glyphs_plain",
        f"{what}; against padded fp32",
        Quantity.rate(fast, num_texts, "comments/s"),
        reference=Quantity.rate(obvious, len(first) * len(drawn), "comments/s"),
        target=900,
        details={
            "seconds_of_the_first_pass": fast.first,
            "largest_difference_of_scores": difference,
        },
    )


def _first_steps(subject: Subject) -> tuple[Work, int]:
    """The first steps of an epoch, and how many texts they train on."""
    batches = subject.training.epoch_batches(0)[:NUM_BATCHES]

    def steps() -> None:
        for batch in batches:
            subject.step(batch)

    return steps, sum(map(len, batches))


def utilisation(bench: Bench) -> Iterator[Row]:
    """Operations that a step needs, per second, against what a large product reaches here."""
    peak = _peak_flops(bench)
    on_gpu = bench.device.type == "cuda"
    for preset in UTILISED:
        subject = bench.subject(f"model={preset}")
        batch = bench.random_batch(256 if on_gpu else subject.config.training.batch_size)
        with FlopCounterMode(display=False) as counter:
            subject.step(batch)
        (timing,) = bench.time(lambda subject=subject, batch=batch: subject.step(batch))
        flops = counter.get_total_flops()
        yield Row(
            f"utilisation/{preset}",
            "operations of valid tokens per second, as a share of a large product's",
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
    return 2 * size**3 / _fastest(timing)


def _fastest(timing: Timing) -> float:
    return min(timing.seconds)
