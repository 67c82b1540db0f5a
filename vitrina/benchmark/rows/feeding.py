"""What stands before the device: noise, and files of a million lines."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from vitrina.benchmark.bench import Bench
from vitrina.benchmark.elsewhere import in_new_process
from vitrina.benchmark.row import Quantity, Row
from vitrina.benchmark.subject import Subject, settings
from vitrina.data.dataset import load_dataset
from vitrina.runs.memory import peak_memory_mb

CPU = torch.device("cpu")
BATCH = 256


def noise(bench: Bench) -> Iterator[Row]:
    """The default training noise: its speed on one core, and its share of a training step."""
    subject = bench.subject("model=vtr_glyphs")
    num_texts = len(subject.train.split)
    indices = np.arange(min(num_texts, 8192))
    parts = [indices[i : i + BATCH] for i in range(0, len(indices), BATCH)]
    characters = int(subject.train.split.texts.lengths[indices].sum())
    threads = torch.get_num_threads()

    def corrupt() -> None:
        for part in parts:
            subject.train.corrupt(part, 0)

    (timing,) = bench.time(corrupt)
    yield Row(
        "noise/speed",
        f"noise=mixed over batches of {BATCH} comments, one core",
        Quantity.rate(timing, characters / 1e6, "M characters/s"),
        target=5,
    )
    batches = subject.training.epoch_batches(0)[:40]

    def steps() -> None:
        for batch in batches:
            subject.step(batch)

    def noises() -> None:
        for batch in batches:
            subject.train.corrupt(batch, 0)

    step, drawn = bench.time(steps, noises)
    yield Row(
        "noise/share",
        f"noise in a training step of vtr_glyphs, {threads} threads",
        Quantity(100 * drawn.median / step.median, "%"),
        target=5,
        at_most=True,
    )


def data(bench: Bench) -> Iterator[Row]:
    """A large jsonl file, made of halves of the comments: read, held, and trained on."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "lines.jsonl"
        _write_lines(bench, path)
        found = in_new_process(_read_and_train, path, str(bench.device))
    if found is None:
        raise MemoryError("the process of the row `data` was killed")
    lines = f"{bench.num_lines:,} lines of jsonl"
    yield Row(
        "data/memory",
        f"memory that {lines} take at most while they are read and their words are found",
        Quantity(found["peak_bytes"] / bench.num_lines, "bytes/comment"),
        details={
            "state_bytes_per_comment": found["state_bytes"] / bench.num_lines,
            "file_bytes_per_comment": found["file_bytes"] / bench.num_lines,
            "lines_per_second": bench.num_lines / found["seconds"],
        },
    )
    yield Row(
        "data/waits",
        f"waiting for batches in a training of vtr_glyphs on {lines}",
        Quantity(100 * found["waiting"] / found["training"], "%"),
        target=5,
        at_most=True,
    )


def _write_lines(bench: Bench, path: Path) -> None:
    strings = bench.dataset.train.texts.to_strings()
    labels = bench.dataset.train.labels.tolist()
    random = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(-(-bench.num_lines // 4096)):
            pairs = random.integers(len(strings), size=(4096, 2)).tolist()
            for first, second in pairs[: bench.num_lines]:
                head, tail = strings[first], strings[second]
                text = head[: len(head) // 2] + tail[len(tail) // 2 :]
                row = {"text": text, "toxic": labels[first]}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _read_and_train(path: Path, device: str) -> dict[str, float]:
    config = settings(path, [f"device={device}", "training.steps=60", "model=vtr_glyphs"])
    before = peak_memory_mb(CPU)
    started = time.perf_counter()
    dataset = load_dataset(config.dataset, config.seed)
    subject = Subject.build(config, dataset)
    seconds = time.perf_counter() - started
    peak = peak_memory_mb(CPU) - before
    training = subject.training
    batches = training.epoch_batches(0)
    for batch in batches[:10]:  # warm up
        subject.step(batch)
    with tempfile.TemporaryDirectory() as name:
        training.last = training.best = Path(name) / "weights.safetensors"
        training.history.path = Path(name) / "history.jsonl"
        position = training.run()
    return {
        "seconds": seconds,
        "peak_bytes": peak * 1e6,
        "state_bytes": float(_state_bytes(dataset, subject)),
        "file_bytes": float(path.stat().st_size),
        "waiting": training.waiting_seconds,
        "training": position.seconds,
    }


def _state_bytes(dataset: object, subject: Subject) -> int:
    """Bytes of the arrays that stay."""
    seen: dict[int, int] = {}

    def count(value: object) -> None:
        if isinstance(value, np.ndarray):
            base = value.base if isinstance(value.base, np.ndarray) else value
            seen[id(base)] = base.nbytes
        elif isinstance(value, bytes):
            seen[id(value)] = len(value)
        elif isinstance(value, dict):
            for part in value.values():
                count(part)
        elif isinstance(value, list | tuple):
            for part in value:
                count(part)
        elif hasattr(value, "__dataclass_fields__"):
            count(vars(value))

    count(dataset)
    count(subject.train)
    return sum(seen.values())
