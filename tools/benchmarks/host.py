"""Rows of work on the host: drawing and noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.text.batch import TextBatch

from .references import PillowLines
from .row import Quantity, Row
from .target import Bench

NUM_DRAWN = 1024
DRAWN_BATCH = 32
NOISY_BATCH = 256
LEAST_EQUAL = 0.99
"""Required share of equal pixels. Pillow draws glyphs beyond their cell and places combining marks
differently."""


def render(bench: Bench) -> Iterator[Row]:
    """Draw texts into batches of slices, uint8."""
    target = bench.target("model=vtr_reference")
    embedder = target.model.embedder
    assert isinstance(embedder, SlicesEmbedder)
    chosen = bench.random_batch(NUM_DRAWN)
    texts = bench.dataset.train.texts.take(chosen)
    strings = texts.to_strings()
    slow = PillowLines(embedder.config)
    starts = range(0, len(chosen), DRAWN_BATCH)
    parts = [texts.take(np.arange(i, min(i + DRAWN_BATCH, len(chosen)))) for i in starts]

    def ours() -> None:
        for part in parts:
            embedder.render(embedder.tokenizer(part).to(bench.device))

    def reference() -> None:
        for i in starts:
            slow.batch(strings[i : i + DRAWN_BATCH])[0].to(bench.device)

    lines, pixels = _equality(embedder, slow, strings)
    assert pixels >= LEAST_EQUAL, f"only {pixels:.3%} of the pixels are equal"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fast, obvious = bench.time(ours, reference)
    finally:
        torch.set_num_threads(threads)
    yield Row(
        "render",
        f"draw, cut and batch {DRAWN_BATCH} comments, one core; reference: Pillow draws each line",
        Quantity.ratio(obvious, fast),
        Quantity.rate(fast, len(chosen), "comments/s"),
        Quantity.rate(obvious, len(chosen), "comments/s"),
        target=10,
        details={"equal_lines": lines, "equal_pixels": pixels},
    )


def _equality(
    embedder: SlicesEmbedder, slow: PillowLines, strings: list[str]
) -> tuple[float, float]:
    """Return the shares of equal lines, and of equal pixels in lines of equal width."""
    equal_lines, equal, total = 0, 0, 0
    for text in strings:
        inputs = embedder.tokenizer(TextBatch.from_strings([text]))
        ours, theirs = embedder.render(inputs).cpu().numpy(), slow.slices(text)
        if ours.shape != theirs.shape:  # Pillow draws an invisible character with a width
            continue
        same = ours == theirs
        equal_lines += bool(same.all())
        equal += int(same.sum())
        total += same.size
    return equal_lines / len(strings), equal / max(total, 1)


def noise(bench: Bench) -> Iterator[Row]:
    """Measure the default training noise: its speed on one core and its share of a step."""
    target = bench.target("model=vtr_glyphs")
    num_texts = len(target.train.split)
    indices = np.arange(min(num_texts, 8192))
    parts = [indices[i : i + NOISY_BATCH] for i in range(0, len(indices), NOISY_BATCH)]
    characters = int(target.train.split.texts.lengths[indices].sum())
    threads = torch.get_num_threads()

    def corrupt() -> None:
        for part in parts:
            target.train.corrupt(part, 0)

    (timing,) = bench.time(corrupt)
    yield Row(
        "noise/speed",
        f"noise=mixed over batches of {NOISY_BATCH} comments, one core",
        Quantity.rate(timing, characters / 1e6, "M characters/s"),
        target=5,
    )
    batches = target.training.epoch_batches(0)[:40]

    def steps() -> None:
        for batch in batches:
            target.step(batch)

    def noises() -> None:
        for batch in batches:
            target.train.corrupt(batch, 0)

    step, drawn = bench.time(steps, noises)
    yield Row(
        "noise/share",
        f"share of noise in a training step of vtr_glyphs, {threads} threads",
        Quantity(100 * drawn.median / step.median, "%"),
        target=5,
        at_most=True,
    )
