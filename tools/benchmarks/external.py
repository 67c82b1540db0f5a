"""Runs a function in a new process, to measure its peak memory separately."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

T = TypeVar("T")


def in_new_process(work: Callable[..., T], *arguments: Any) -> T | None:
    """Return the result of `work`, a module-level function; None if the system killed it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        try:
            return pool.submit(work, *arguments).result()
        except BrokenProcessPool:
            return None
