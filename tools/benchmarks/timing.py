"""Times several functions alternately in one process, in the order A B B A.

Machines are shared and clock rates change. In this order, a slow phase affects all functions alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

Work = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds of each repetition.

    Attributes:
        seconds: in the order of the repetitions.
        first: seconds of the first run, which compiles and does not count.
    """

    seconds: list[float]
    first: float

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    def percentile(self, q: float) -> float:
        return float(np.percentile(self.seconds, q))


def time_once(work: Work, device: torch.device) -> float:
    """Return the seconds of one run; on CUDA, between two events on the device."""
    if device.type != "cuda":
        started = time.perf_counter()
        work()
        return time.perf_counter() - started
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    start.record()
    work()
    end.record()
    torch.cuda.synchronize(device)
    return start.elapsed_time(end) / 1000


def interleaved(
    works: Sequence[Work], device: torch.device, repetitions: int, *, warm_up: int = 1
) -> list[Timing]:
    """Time each of `works`, in the order A B B A.

    Args:
        repetitions: of this order, in which each function runs twice.
        warm_up: runs of each function that do not count, at least 1.
    """
    firsts = [[time_once(work, device) for work in works] for _ in range(max(warm_up, 1))]
    seconds: list[list[float]] = [[] for _ in works]
    forth = list(range(len(works)))
    for _ in range(repetitions):
        for i in [*forth, *reversed(forth)]:
            seconds[i].append(time_once(works[i], device))
    return [Timing(each, firsts[0][i]) for i, each in enumerate(seconds)]


def ratios(reference: Timing, ours: Timing) -> tuple[float, float, float]:
    """Return the speed-up of `ours`: ratio of medians, 10th and 90th percentile of paired runs."""
    pairs = np.array(reference.seconds) / np.array(ours.seconds)
    low, high = np.percentile(pairs, [10, 90])
    return reference.median / ours.median, float(low), float(high)
