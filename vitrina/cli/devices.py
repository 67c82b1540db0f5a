"""Gives each of several parallel jobs a GPU of its own, on a machine with several."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_device(folder: Path, number: int, count: int) -> Iterator[int]:
    """Hold a device that no other job of the sweep uses, as long as one is free; its index.

    Args:
        folder: of the sweep; it holds a lock file for each device.
        number: of the job, which takes the device `number` modulo `count` if that one is free, else
            the next free one, else it shares the first choice with another job.
        count: number of devices.
    """
    with_turns = [(number + turn) % count for turn in range(count)]
    for device in with_turns:
        with (folder / f".cuda-{device}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield device
            return
    yield with_turns[0]
