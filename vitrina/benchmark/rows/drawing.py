"""Drawing lines and cutting them into slices, on one core."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from vitrina.benchmark.bench import Bench
from vitrina.benchmark.references import PillowLines
from vitrina.benchmark.row import Quantity, Row
from vitrina.models.embedders.config import SlicesConfig
from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.text.batch import TextBatch

NUM_TEXTS = 1024
BATCH = 32
LEAST_EQUAL = 0.99
"""Share of the pixels that must be equal: one call of Pillow lets glyphs reach over the edge of
their cell and joins combining marks in another way."""


def render(bench: Bench) -> Iterator[Row]:
    """Texts to batches of slices, in uint8."""
    subject = bench.subject("model=vtr_reference")
    embedder, config = subject.model.embedder, subject.config.embedder
    assert isinstance(embedder, SlicesEmbedder) and isinstance(config, SlicesConfig)
    chosen = bench.random_batch(NUM_TEXTS)
    texts = bench.dataset.train.texts.take(chosen)
    strings = texts.to_strings()
    slow = PillowLines(config)
    starts = range(0, len(chosen), BATCH)
    parts = [texts.take(np.arange(i, min(i + BATCH, len(chosen)))) for i in starts]

    def ours() -> None:
        for part in parts:
            embedder.render(embedder.tokenizer(part).to(bench.device))

    def reference() -> None:
        for i in starts:
            slow.batch(strings[i : i + BATCH])[0].to(bench.device)

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
        f"draw, cut and batch {BATCH} comments, one core; against one call of Pillow a line",
        Quantity.ratio(obvious, fast),
        Quantity.rate(fast, len(chosen), "comments/s"),
        Quantity.rate(obvious, len(chosen), "comments/s"),
        target=10,
        details={"equal_lines": lines, "equal_pixels": pixels},
    )


def _equality(
    embedder: SlicesEmbedder, slow: PillowLines, strings: list[str]
) -> tuple[float, float]:
    """Share of the lines, and of the pixels of lines of equal width, that both draw alike."""
    equal_lines, equal, total = 0, 0, 0
    for text in strings:
        inputs = embedder.tokenizer(TextBatch.from_strings([text]))
        ours, theirs = embedder.render(inputs).cpu().numpy(), slow.slices(text)
        if ours.shape != theirs.shape:  # an invisible character that Pillow gives a width
            continue
        same = ours == theirs
        equal_lines += bool(same.all())
        equal += int(same.sum())
        total += same.size
    return equal_lines / len(strings), equal / max(total, 1)
