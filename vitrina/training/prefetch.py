"""The next batch, made by a thread while the GPU works on this one.

A batch is a function of its step (`vitrina.noise.randomness`), so it does not matter who makes it,
or when. On a CPU the thread would only take time from the model, so batches are made on demand.
torch's `DataLoader` prefetches in processes only: forking one that holds CUDA and tracker threads
can deadlock, and each worker would draw and keep all glyphs again. On a CPU one worker makes
training slower (vtr_glyphs_plain: 8 to 12 steps/s instead of 11 to 13).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Makes numbered items, the next one ahead of time.

    Args:
        make: makes the item of a number.
        in_background: whether a thread makes the next one.

    Attributes:
        seconds: how long `take` has blocked.
    """

    def __init__(self, make: Callable[[int], T], *, in_background: bool) -> None:
        self._make = make
        self._thread = ThreadPoolExecutor(1, "batches") if in_background else None
        self._pending: tuple[int, Future[T]] | None = None
        self.seconds = 0.0

    def take(self, number: int, next_number: int | None) -> T:
        """Return the item of `number`, and start to make that of `next_number` if it is given.

        Raises whatever making it raises.
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

    def settle(self) -> None:
        """Wait until the thread is idle, so that others may use what it uses."""
        if self._pending is not None:
            self._pending[1].exception()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
