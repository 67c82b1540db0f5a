"""One GPU for each job, where several jobs run side by side on a machine with several."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_device(folder: Path, number: int, count: int) -> Iterator[int]:
    """The index of a device that no other job of the sweep uses, as long as there is one.

    Args:
        folder: of the sweep; a lock for each device stands there.
        number: of the job; it is given the device `number` modulo `count` if that one is free,
            else the next free one, else it shares its own with another job.
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
