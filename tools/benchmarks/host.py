"""Rows about work of the host: drawing, noise, scoring strings, and starting."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from vitrina import config as configuration
from vitrina.files import json_line
from vitrina.inference.load import TrainedModel, load
from vitrina.models.embedders.config import SlicesConfig
from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.models.predictor import Predictor
from vitrina.text.batch import TextBatch
from vitrina.training.checkpoints import save_weights

from .references import PillowLines
from .row import Quantity, Row
from .target import Bench, BenchmarkTarget
from .timing import Timing, time_once

NUM_DRAWN = 1024
DRAWN_BATCH = 32
NOISY_BATCH = 256
NUM_SCORED = 2048
NUM_SINGLE = 300
LEAST_EQUAL = 0.99
"""Required share of equal pixels. One call of Pillow lets glyphs reach over the edge of their cell
and joins combining marks in another way."""


def render(bench: Bench) -> Iterator[Row]:
    """Draw texts to batches of slices, in uint8."""
    target = bench.target("model=vtr_reference")
    embedder, config = target.model.embedder, target.config.embedder
    assert isinstance(embedder, SlicesEmbedder) and isinstance(config, SlicesConfig)
    chosen = bench.random_batch(NUM_DRAWN)
    texts = bench.dataset.train.texts.take(chosen)
    strings = texts.to_strings()
    slow = PillowLines(config)
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
        f"draw, cut and batch {DRAWN_BATCH} comments, one core; against one call of Pillow a line",
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
        if ours.shape != theirs.shape:  # an invisible character that Pillow gives a width
            continue
        same = ours == theirs
        equal_lines += bool(same.all())
        equal += int(same.sum())
        total += same.size
    return equal_lines / len(strings), equal / max(total, 1)


def noise(bench: Bench) -> Iterator[Row]:
    """The default training noise: its speed on one core, and its share of a training step."""
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
        f"noise in a training step of vtr_glyphs, {threads} threads",
        Quantity(100 * drawn.median / step.median, "%"),
        target=5,
        at_most=True,
    )


def predict(bench: Bench) -> Iterator[Row]:
    """Score strings to lines of json, as tools/predict.py does: many, and one at a time."""
    strings = bench.dataset.train.texts.take(bench.random_batch(NUM_SCORED)).to_strings()
    for preset in ("vtr_glyphs", "vtr_glyphs_plain"):
        target = bench.target(f"model={preset}")
        model = _loaded(target, str(bench.device))
        unfolded = Predictor(
            target.model,
            target.pipeline,
            target.task.probabilities,
            max_tokens=target.training.max_tokens,
            precision="fp32",
        )
        wanted = unfolded(TextBatch.from_strings(strings))
        difference = float(np.abs(model.probabilities(strings) - wanted).max())
        assert difference < 0.1, f"{preset}: scores differ by {difference:.3f} from those in fp32"
        (timing,) = bench.time(lambda model=model: _score(model, strings))
        yield Row(
            f"predict/many/{preset}",
            "scoring, strings to lines of json",
            Quantity.rate(timing, len(strings), "comments/s"),
            target=3000,
            details={"largest_difference_from_fp32": difference},
        )
        singles = [
            time_once(lambda s=s, model=model: _score(model, [s]), bench.device)
            for s in strings[:NUM_SINGLE]
        ]
        single = Timing([1000 * each for each in singles], 1000 * singles[0])
        yield Row(
            f"predict/one/{preset}",
            "scoring one comment, once loaded",
            Quantity(single.median, "ms", single.percentile(10), single.percentile(90)),
            target=5,
            at_most=True,
        )


def _loaded(target: BenchmarkTarget, device: str) -> TrainedModel:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configuration.save(target.config, folder / "config.yaml")
        target.fitted.save(folder / "state.safetensors")
        save_weights(folder / "checkpoints" / "best.safetensors", target.model)
        return load(folder, device)


def _score(model: TrainedModel, strings: Sequence[str]) -> list[str]:
    predictions = model.predict(strings)
    return [json_line({"score": each.score, "label": each.label}) for each in predictions]


def start(bench: Bench) -> Iterator[Row]:
    """New processes, from the command to its output."""
    for name, arguments, what in (
        ("help", ["--help"], "main.py --help"),
        ("compose", ["--cfg", "job"], "main.py --cfg job"),
    ):
        seconds = [_answer(arguments) for _ in range(bench.repetitions)]
        yield Row(f"start/{name}", what, _median(seconds), target=1, at_most=True)
    seconds = [_first_step(str(bench.device)) for _ in range(min(bench.repetitions, 3))]
    what = "main.py to the end of the first training step on the demo corpus"
    yield Row("start/step", what, _median(seconds), target=10, at_most=True)


def _median(seconds: Sequence[float]) -> Quantity:
    timing = Timing(list(seconds), seconds[0])
    return Quantity(timing.median, "s", timing.percentile(10), timing.percentile(90))


MAIN = (sys.executable, "-c", "from vitrina.cli.main import main; main()")


def _environment() -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path}


def _answer(arguments: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run([*MAIN, *arguments], env=_environment(), capture_output=True, check=True)
    return time.perf_counter() - started


def _first_step(device: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        history = Path(name) / "run" / "history.jsonl"
        arguments = (f"device={device}", "tracking=none", "training.log_every=1")
        command = [*MAIN, *arguments, f"hydra.run.dir={history.parent}"]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=name, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            while not history.exists():
                time.sleep(0.01)
                if process.poll() is not None and not history.exists():
                    assert process.stderr is not None
                    raise RuntimeError(process.stderr.read().decode("utf-8", "replace"))
            return time.perf_counter() - started
        finally:
            process.kill()
            process.communicate()
