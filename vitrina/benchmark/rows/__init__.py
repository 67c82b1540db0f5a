"""The rows of the benchmark, by what they measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vitrina.benchmark.bench import Bench
from vitrina.benchmark.row import Row
from vitrina.benchmark.rows import drawing, feeding, steps, use

ROWS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "same": steps.same,
    "render": drawing.render,
    "train": steps.train,
    "train_equal": steps.train_equal,
    "memory": steps.memory,
    "utilisation": steps.utilisation,
    "train_glyphs": steps.train_glyphs,
    "predict": use.predict,
    "noise": feeding.noise,
    "data": feeding.data,
    "start": use.start,
}
"""What `tools/benchmark.py --rows` takes; each may give several lines of the table."""
