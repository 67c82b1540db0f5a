"""Parser, exit codes and standard input of the commands in `tools/`."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from vitrina.cli.explain import explain
from vitrina.errors import InputError

T = TypeVar("T")

BATCH = 4096
"""Lines that are processed at once."""


def new_parser(documentation: str | None) -> argparse.ArgumentParser:
    """Return a parser whose description keeps the line breaks of a module's docstring."""
    return argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def command(work: Callable[..., int | None]) -> Callable[..., int]:
    """Wrap `work` to return an exit code: 2, and one line on stderr, for wrong input."""

    @functools.wraps(work)
    def main(*arguments: object) -> int:
        try:
            return work(*arguments) or 0
        except (InputError, HydraException, OmegaConfBaseException) as error:
            print(f"error: {explain(error)}", file=sys.stderr)
            return 2
        except BrokenPipeError:  # the reading end of the pipe is closed
            sys.stderr.close()
            return 0
        except KeyboardInterrupt:
            return 130

    return main


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in lists of at most `BATCH`."""
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def standard_input() -> Iterator[str]:
    """Yield the lines of standard input without line ends."""
    for line in sys.stdin.buffer:
        yield line.rstrip(b"\r\n").decode("utf-8", "replace")
