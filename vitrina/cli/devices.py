"""One GPU for each job where several jobs run at the same time on a machine with several GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def own_device(folder: Path, number: int, count: int) -> Iterator[int]:
    """Yield the index of a device that no other job of the sweep uses, as long as there is one.

    Args:
        folder: folder of the sweep; it holds a lock for each device.
        number: number of the job. It gets the device `number` modulo `count` if that one is free,
            else the next free one, else it shares a device with another job.
        count: number of devices.
    """
    for turn in range(count):
        device = (number + turn) % count
        with ExitStack() as held:
            try:
                held.enter_context(FileLock(folder / f".cuda-{device}.lock", timeout=0))
            except Timeout:
                continue
            yield device
            return
    yield number % count
