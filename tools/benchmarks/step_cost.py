"""Measure time and memory of a training step, on an average and on the worst batch of an epoch.

python tools/step_cost.py model=vtr_reference dataset=jsonl dataset.train=train.jsonl

Takes the settings of main.py. With --profile it prints the time of each operation instead.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from vitrina.cli.tool import command, new_parser
from vitrina.config import Config, compose_config
from vitrina.runs.memory import peak_memory_mb

from .target import BenchmarkTarget
from .timing import time_once


@dataclass(frozen=True)
class StepCost:
    """Cost of one optimizer step: forward, backward and update.

    Attributes:
        batch: average or worst.
        num_texts: texts in the batch.
        num_tokens: slices, glyphs or word pieces in the batch, with noise.
        seconds: of each repetition, without one for warm-up.
        host_seconds: of noise and tokenizing; the shortest repetition.
        noise_seconds: of noise alone; the shortest repetition.
        peak_memory_mb: largest memory of the process (on CUDA: of the device) so far, in 10^6
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
    """Measure training steps on the average and on the worst batch of the first epoch.

    The average batch has the number of characters nearest to the mean, the worst batch the largest
    number. The worst batch is the last one, since the peak memory never decreases.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    target = BenchmarkTarget.build(config)
    training, train, cpu = target.training, target.train, torch.device("cpu")
    batches = training.epoch_batches(0)
    sizes = np.array([training.texts.lengths(0)[batch].sum() for batch in batches])
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
            seconds=seconds(lambda batch=batch: target.step(batch), target.device),
            host_seconds=min(seconds(lambda batch=batch: training.prepare(batch, 0), cpu)),
            noise_seconds=min(seconds(lambda batch=batch: train.corrupt(batch, 0), cpu)),
            peak_memory_mb=peak_memory_mb(target.device),
        )


def step_profile(config: Config, num_steps: int = 10) -> list[tuple[str, float]]:
    """Return the share of each operation in the time of training steps, largest first.

    Runs the first batches of the first epoch. On a GPU, it measures the time of the device.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    target = BenchmarkTarget.build(config)
    batches = target.training.epoch_batches(0)[:num_steps]
    target.step(batches[0])
    on_gpu = target.device.type == "cuda"
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=kinds) as profiler:
        for batch in batches:
            target.step(batch)
    times = {
        event.key: event.self_device_time_total if on_gpu else event.self_cpu_time_total
        for event in profiler.key_averages()
    }
    total = sum(times.values())
    shares = [(name, seconds / total) for name, seconds in times.items()]
    return sorted(shares, key=lambda each: -each[1])


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="as for main.py")
    parser.add_argument("--repetitions", type=int, default=5, help="timed steps per batch")
    parser.add_argument("--profile", action="store_true", help="print the share of each operation")
    arguments = parser.parse_args(argv)
    config = compose_config(arguments.settings)
    if arguments.profile:
        for name, share in step_profile(config)[:15]:
            print(f"{share:6.1%}  {name}")
        return
    for cost in step_costs(config, max(arguments.repetitions, 1)):
        print(
            f"{cost.batch} batch: {cost.num_texts} texts, {cost.num_tokens:,} tokens, "
            f"{cost.median_seconds:.3f} s a step (median of {len(cost.seconds)}, "
            f"{min(cost.seconds):.3f} to {max(cost.seconds):.3f}; noise "
            f"{cost.noise_seconds / cost.median_seconds:.2%} of it, noise and tokenizing "
            f"{cost.host_seconds / cost.median_seconds:.2%}), "
            f"peak memory {cost.peak_memory_mb / 1000:.2f} GB",
            flush=True,
        )
