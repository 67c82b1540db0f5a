"""What a training step costs: seconds and memory, on a usual batch and on the worst of an epoch."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vitrina.config import Config
from vitrina.data.dataset import load_dataset
from vitrina.models.build import build_model, build_task, fit
from vitrina.models.precision import choose_device
from vitrina.noise.corruption import build_noise
from vitrina.pipeline import NoisyTexts
from vitrina.results import peak_memory_mb
from vitrina.text.normalizers import build_normalizer
from vitrina.training.loop import Training


@dataclass(frozen=True)
class StepCost:
    """The cost of one optimizer step, forward, backward and update.

    Attributes:
        batch: which batch it was.
        num_texts: texts in it.
        num_tokens: slices, glyphs or word pieces in it, noise drawn.
        seconds: of each repetition, after one to warm up.
        host_seconds: of which the noise and the encoding took so long, and …
        noise_seconds: … the noise alone; the shortest of as many repetitions.
        peak_memory_mb: largest memory of the process so far (on CUDA: of the device), in 10^6
            bytes.
    """

    batch: str
    num_texts: int
    num_tokens: int
    seconds: list[float]
    host_seconds: float
    noise_seconds: float
    peak_memory_mb: float

    @property
    def median_seconds(self) -> float:
        return statistics.median(self.seconds)


def step_costs(config: Config, repetitions: int = 5) -> Iterator[StepCost]:
    """Train on single batches of the first epoch and measure.

    The usual batch is the one whose characters are nearest to the mean, the worst one has most.
    The worst comes last, as memory is only ever seen to grow.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    dataset = load_dataset(config.dataset, config.seed)
    normalizer = build_normalizer(config.normalizer)
    train = NoisyTexts.of(dataset.train, build_noise(config.noise, config.seed), normalizer)
    clean = normalizer(dataset.train.texts)
    artefacts = fit(config, clean, lambda: train.draw(0), dataset.label_names)
    task = build_task(config, artefacts)
    device = choose_device(config.device)
    model = build_model(config, artefacts, task).to(device)
    texts = train.for_training(model.embedder)
    with tempfile.TemporaryDirectory() as folder:
        training = Training(
            config.training,
            config.optimizer,
            model,
            task.loss,
            texts,
            lambda: {"score": 0.0},
            folder=Path(folder),
            seed=config.seed,
        )
    batches = training.epoch_batches(0)
    sizes = np.array([texts.lengths[batch].sum() for batch in batches])
    chosen = {
        "average": int(np.abs(sizes - sizes.mean()).argmin()),
        "worst": int(sizes.argmax()),
    }
    model.train()
    for name, index in chosen.items():
        batch = batches[index]
        inputs, _ = texts.batch(batch, 0)
        seconds = _seconds(
            lambda batch=batch: training.step(training.prepare(batch, 0)).item(), repetitions
        )
        yield StepCost(
            name,
            num_texts=len(batch),
            num_tokens=int(inputs.num_tokens.sum()),
            seconds=seconds,
            host_seconds=min(_seconds(lambda batch=batch: texts.batch(batch, 0), repetitions)),
            noise_seconds=min(_seconds(lambda batch=batch: train.corrupt(batch, 0), repetitions)),
            peak_memory_mb=peak_memory_mb(device),
        )


def _seconds(work: Callable[[], object], repetitions: int) -> list[float]:
    """Of each repetition, after one to warm up."""
    seconds = []
    for _ in range(repetitions + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds[1:]
