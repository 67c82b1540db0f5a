"""A trained model in use, and how long the command line takes to get going."""

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
from vitrina.benchmark.bench import Bench
from vitrina.benchmark.row import Quantity, Row
from vitrina.benchmark.rows.steps import GLYPHS, PLAIN, Padded
from vitrina.benchmark.subject import Subject
from vitrina.benchmark.timing import Timing, Work, time_once
from vitrina.evaluation.report import json_line
from vitrina.inference.load import TrainedModel, load
from vitrina.models.predictor import Predictor
from vitrina.text.batch import TextBatch
from vitrina.training.checkpoints import save_weights

NUM_TEXTS = 2048
NUM_SINGLE = 300
OBVIOUS_BATCH = 32


def predict(bench: Bench) -> Iterator[Row]:
    """Strings to lines of json, as tools/predict.py scores them: many, and one at a time."""
    strings = bench.dataset.train.texts.take(bench.random_batch(NUM_TEXTS)).to_strings()
    for overrides in (GLYPHS, PLAIN):
        subject = bench.subject(*overrides)
        name = overrides[0].removeprefix("model=")
        model = _loaded(subject, str(bench.device))
        unfolded = Predictor(
            subject.model,
            subject.pipeline,
            subject.task.probabilities,
            max_tokens=subject.training.max_tokens,
            precision="fp32",
        )
        wanted = unfolded(TextBatch.from_strings(strings))
        difference = float(np.abs(model.probabilities(strings) - wanted).max())
        assert difference < 0.1, f"{name}: scores differ by {difference:.3f} from those in fp32"
        what, reference = "scoring, strings to lines of json", None
        works: list[Work] = [lambda model=model: _score(model, strings)]
        some = strings[: NUM_TEXTS // 8]
        if overrides is PLAIN:
            what += "; against padded fp32"
            works.append(_obvious(subject, some))
        fast, *slow = bench.time(*works)
        if slow:
            reference = Quantity.rate(slow[0], len(some), "comments/s")
        yield Row(
            f"predict/many/{name}",
            what,
            Quantity.rate(fast, len(strings), "comments/s"),
            reference=reference,
            target=3000,
            details={"largest_difference_from_fp32": difference},
        )
        singles = [
            time_once(lambda s=s, model=model: _score(model, [s]), bench.device)
            for s in strings[:NUM_SINGLE]
        ]
        single = Timing([1000 * each for each in singles], 1000 * singles[0])
        yield Row(
            f"predict/one/{name}",
            "scoring one comment, once loaded",
            Quantity(single.median, "ms", single.percentile(10), single.percentile(90)),
            target=5,
            at_most=True,
        )


def _loaded(subject: Subject, device: str) -> TrainedModel:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configuration.save(subject.config, folder / "config.yaml")
        subject.fitted.save(folder / "state.safetensors")
        save_weights(folder / "checkpoints" / "best.safetensors", subject.model)
        return load(folder, device)


def _obvious(subject: Subject, strings: Sequence[str]) -> Work:
    padded = Padded(subject)
    form = padded.form(subject.model).eval()

    def score() -> None:
        with torch.inference_mode():
            for i in range(0, len(strings), OBVIOUS_BATCH):
                part = TextBatch.from_strings(strings[i : i + OBVIOUS_BATCH])
                form(*padded.pictures(part)).softmax(dim=1).tolist()

    return score


def _score(model: TrainedModel, strings: Sequence[str]) -> list[str]:
    predictions = model.predict(strings)
    return [json_line({"score": each.score, "label": each.label}) for each in predictions]


def start(bench: Bench) -> Iterator[Row]:
    """Processes of their own, from the command to its answer."""
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
    root = Path(__file__).resolve().parents[3]
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
