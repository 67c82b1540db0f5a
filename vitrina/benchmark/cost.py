"""What a training step costs: seconds and memory, on a usual batch and on the worst of an epoch."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from vitrina.benchmark.subject import Subject
from vitrina.benchmark.timing import time_once
from vitrina.config import Config
from vitrina.runs.memory import peak_memory_mb


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
    subject = Subject.build(config)
    training, train, cpu = subject.training, subject.train, torch.device("cpu")
    batches = training.epoch_batches(0)
    sizes = np.array([training.texts.lengths[batch].sum() for batch in batches])
    chosen = {
        "average": int(np.abs(sizes - sizes.mean()).argmin()),
        "worst": int(sizes.argmax()),
    }

    def seconds(work: Callable[[], object], device: torch.device) -> list[float]:
        return [time_once(work, device) for _ in range(repetitions + 1)][1:]

    for name, index in chosen.items():
        batch = batches[index]
        prepared = training.prepare(batch, 0)
        yield StepCost(
            name,
            num_texts=len(batch),
            num_tokens=int(prepared.inputs.num_tokens.sum()),
            seconds=seconds(lambda batch=batch: subject.step(batch), subject.device),
            host_seconds=min(seconds(lambda batch=batch: training.prepare(batch, 0), cpu)),
            noise_seconds=min(seconds(lambda batch=batch: train.corrupt(batch, 0), cpu)),
            peak_memory_mb=peak_memory_mb(subject.device),
        )


def step_profile(config: Config, num_steps: int = 10) -> list[tuple[str, float]]:
    """Where the time of training steps goes: operations and their shares of it, largest first.

    The steps are those of the first batches of the first epoch. An operation's share is what it
    takes itself, on the device where that is a GPU.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    subject = Subject.build(config)
    batches = subject.training.epoch_batches(0)[:num_steps]
    subject.step(batches[0])
    on_gpu = subject.device.type == "cuda"
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=kinds) as profiler:
        for batch in batches:
            subject.step(batch)
    taken = {
        event.key: event.self_device_time_total if on_gpu else event.self_cpu_time_total
        for event in profiler.key_averages()
    }
    total = sum(taken.values())
    shares = [(name, seconds / total) for name, seconds in taken.items()]
    return sorted(shares, key=lambda each: -each[1])
