"""Prefetching of the next batch in a thread while the GPU works on the current one.

A batch is a function of its step (`vitrina.noise.randomness`), so prefetching changes no number. On
a CPU the thread would compete with the model, so batches are made on demand.

torch's `DataLoader` prefetches only in processes: forking a process with CUDA and tracker threads
can deadlock, and each worker would render and cache all glyphs again. On a CPU one worker slows
training down (vtr_glyphs_plain: 8 to 12 steps/s instead of 11 to 13).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Makes numbered items and prefetches the next one.

    Args:
        make: makes the item of a number.
        in_background: whether a thread prefetches the next item.

    Attributes:
        seconds: total time that `take` has blocked.
    """

    def __init__(self, make: Callable[[int], T], *, in_background: bool) -> None:
        self._make = make
        self._thread = ThreadPoolExecutor(1, "batches") if in_background else None
        self._pending: tuple[int, Future[T]] | None = None
        self.seconds = 0.0

    def take(self, number: int, next_number: int | None) -> T:
        """Return the item of `number`; start to prefetch `next_number` unless it is None.

        Exceptions of `make` propagate.
        """
        started = time.perf_counter()
        pending, self._pending = self._pending, None
        if pending is not None and pending[0] == number:
            made = pending[1].result()
        else:
            made = self._make(number)
        if self._thread is not None and next_number is not None:
            self._pending = next_number, self._thread.submit(self._make, next_number)
        self.seconds += time.perf_counter() - started
        return made

    def wait(self) -> None:
        """Wait until the thread is idle, so that the caller can use shared objects."""
        if self._pending is not None:
            self._pending[1].exception()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
