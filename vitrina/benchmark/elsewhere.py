"""Work in a process of its own, where its largest memory can be told from what was there before."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

T = TypeVar("T")


def in_new_process(work: Callable[..., T], *arguments: Any) -> T | None:
    """What `work` (a function of a module) returns; None if the system killed its process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        try:
            return pool.submit(work, *arguments).result()
        except BrokenProcessPool:
            return None
