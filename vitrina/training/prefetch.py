"""The next batch, made by a thread while the device works on this one.

What a batch holds is a function of its step (`vitrina.noise.randomness`), so it does not matter
who makes it, or when. On a CPU the thread would only take time from the model: there batches are
made when they are asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Makes things by number, and the next one ahead of time.

    Args:
        make: makes the thing of a number.
        in_background: whether the next one is made by a thread.

    Attributes:
        seconds: how long `take` has kept its callers waiting.
    """

    def __init__(self, make: Callable[[int], T], *, in_background: bool) -> None:
        self._make = make
        self._thread = ThreadPoolExecutor(1, "batches") if in_background else None
        self._pending: tuple[int, Future[T]] | None = None
        self.seconds = 0.0

    def take(self, number: int, next_number: int | None) -> T:
        """The thing of `number`; that of `next_number` is begun, if it is wanted at all.

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
        """Wait until the thread rests, so that others may use what it uses."""
        if self._pending is not None:
            self._pending[1].exception()

    def __enter__(self) -> Prefetcher[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
