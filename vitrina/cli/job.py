"""Runs one job of a sweep, in any process of a launcher."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from rich.console import Console

from vitrina import config as configuration
from vitrina.cli.run import base_folder, run_folder, run_in
from vitrina.config import Config
from vitrina.errors import InputError
from vitrina.runs.folder import FolderBusyError, finished_run
from vitrina.runs.plan import Job, add_to_plan
from vitrina.runs.record import read_json
from vitrina.runs.status import overview

# Workers of a launcher import this module to unpickle a job, which needs schemas and plugins.
configuration.register()


@dataclass(frozen=True)
class SweepJob:
    """Runs a job of a sweep. A failure is printed and saved in its folder; the sweep continues.

    Launchers pickle it.

    Attributes:
        jobs: all jobs of the sweep; empty if they are not known in advance.
        pid: ID of the process that started the sweep.
        arguments: command line of that process, for the record of each job.
    """

    jobs: tuple[Job, ...]
    pid: int
    arguments: tuple[str, ...]

    def __call__(self, composed: DictConfig) -> float | None:
        """Run it and return the best validation score, which a search maximizes, or None."""
        if os.getpid() != self.pid:
            sys.argv = list(self.arguments)
            os.environ["TERM"] = "dumb"  # live displays of several jobs overwrite each other
        config = configuration.to_config(composed)
        signature = configuration.signature(configuration.to_dict(config))
        job = Job(signature, base_folder().name, list(HydraConfig.get().overrides.task))
        jobs = self.jobs or tuple(add_to_plan(base_folder().parent, [job]))
        metrics = self._metrics(config, job)
        self._show(jobs)
        return metrics["val"]["score"] if metrics else None

    def _metrics(self, config: Config, job: Job) -> dict[str, Any] | None:
        try:
            finished = finished_run(base_folder(), config) if config.resume else None
            if finished is not None:  # without any heavy import
                print(f"{finished}: finished already", flush=True)
                return read_json(finished / "metrics.json")
            with run_folder(config) as folder, self._device(config) as device:
                try:
                    return run_in(folder, replace(config, device=device))
                except Exception as error:
                    record_failure(folder, error)
                    raise
        except FolderBusyError:
            print(f"{base_folder()}: running in another process, skipped", flush=True)
        except Exception as error:
            print(
                f"error: the job {job.described} failed: {reason(error)}",
                file=sys.stderr,
                flush=True,
            )
        return None

    @contextmanager
    def _device(self, config: Config) -> Iterator[str]:
        """Choose the device of a job: a GPU of its own where jobs run in parallel."""
        if os.getpid() == self.pid or config.device not in ("auto", "cuda"):
            yield config.device
            return
        import torch

        count = torch.cuda.device_count()
        if count < 2:
            yield config.device
            return
        with own_device(base_folder().parent, int(HydraConfig.get().job.num), count) as index:
            yield f"cuda:{index}"

    def _show(self, jobs: tuple[Job, ...]) -> None:
        console = Console()
        shown = overview(base_folder().parent, jobs)
        live = console.is_terminal and not console.is_dumb_terminal
        console.print(shown if live else f"sweep: {shown.line()}", highlight=False, markup=False)
        sys.stdout.flush()


def record_failure(folder: Path, error: Exception) -> None:
    """Write the reason of a failure and its traceback to the folder of the job."""
    trace = "".join(traceback.format_exception(error))
    try:
        (folder / "error.txt").write_text(
            f"{reason(error)}\n\n{trace}", encoding="utf-8", errors="replace"
        )
    except OSError as failed:
        print(f"error: {folder}/error.txt: cannot be written ({failed.strerror})", file=sys.stderr)


def reason(error: Exception) -> str:
    """Return the reason of a failure in one line."""
    first = (str(error).splitlines() or [""])[0]
    return first if isinstance(error, InputError) else f"{type(error).__name__}: {first}"


@contextmanager
def own_device(folder: Path, number: int, count: int) -> Iterator[int]:
    """Yield the index of a device that no other job of the sweep uses, if there is one.

    Args:
        folder: folder of the sweep; it contains a lock file for each device.
        number: number of the job. It gets device `number % count` if that is free, else the next
            free one. If none is free, it shares `number % count`.
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
