"""One job of a sweep, in whatever process a launcher runs it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from vitrina import config as configuration
from vitrina.cli.devices import own_device
from vitrina.config import Config
from vitrina.errors import InputError
from vitrina.runs.folder import FolderBusyError, acquire, finished_run
from vitrina.runs.plan import Job, add_to_plan
from vitrina.runs.record import read_json
from vitrina.runs.status import overview

# A launcher's process knows what it has imported, and it imports this to read the job it is sent.
configuration.register()

EXPLICIT = ("hydra.run.dir=", "hydra.sweep.subdir=")
"""Overrides that name the folder of a run."""


def run_here(composed: DictConfig) -> dict[str, Any]:
    """The run of a composed configuration in the folder that Hydra made for it; its metrics.

    Raises:
        InputError: if something is wrong with the settings, the data or the folder.
        FolderBusyError: if another process goes on with this run already.
    """
    config = configuration.to_config(composed)
    with _folder(config) as folder:
        return _run(config, folder)


@dataclass(frozen=True)
class SweepJob:
    """Runs a job of a sweep: a failure is told at once, kept in its folder, and the sweep goes on.

    Launchers pickle it.

    Attributes:
        jobs: all of the sweep; empty where they are not known beforehand.
        pid: of the process in which the sweep was started.
        arguments: what that process was started with; the record of each job tells it.
    """

    jobs: tuple[Job, ...]
    pid: int
    arguments: tuple[str, ...]

    def __call__(self, composed: DictConfig) -> float | None:
        """Run it; the best score on validation, which a search maximises, or None."""
        if os.getpid() != self.pid:
            sys.argv = list(self.arguments)
            os.environ["TERM"] = "dumb"  # several live lines on one terminal would overwrite it
        job = Job(
            configuration.signature(configuration.to_dict(configuration.to_config(composed))),
            _base().name,
            list(HydraConfig.get().overrides.task),
        )
        jobs = self.jobs or tuple(add_to_plan(_base().parent, [job]))
        metrics = self._metrics(composed, job)
        self._tell(jobs)
        return metrics["val"]["score"] if metrics else None

    def _metrics(self, composed: DictConfig, job: Job) -> dict[str, Any] | None:
        try:
            config = configuration.to_config(composed)
            finished = finished_run(_base(), config) if config.resume else None
            if finished is not None:  # nothing heavy is imported for it
                print(f"{finished}: finished already", flush=True)
                return read_json(finished / "metrics.json")
            with _folder(config) as folder, self._device(config) as device:
                try:
                    return _run(replace(config, device=device), folder)
                except Exception as error:
                    record_failure(folder, error)
                    raise
        except FolderBusyError:
            print(f"{_base()}: running elsewhere, left to that process", flush=True)
        except Exception as error:
            print(
                f"error: the job {job.described} failed: {reason(error)}",
                file=sys.stderr,
                flush=True,
            )
        return None

    @contextmanager
    def _device(self, config: Config) -> Iterator[str]:
        """The device of a job; a GPU of its own where several run side by side."""
        if os.getpid() == self.pid or config.device not in ("auto", "cuda"):
            yield config.device
            return
        import torch

        count = torch.cuda.device_count()
        if count < 2:
            yield config.device
            return
        with own_device(_base().parent, int(HydraConfig.get().job.num), count) as index:
            yield f"cuda:{index}"

    def _tell(self, jobs: tuple[Job, ...]) -> None:
        console = Console()
        shown = overview(_base().parent, jobs)
        live = console.is_terminal and not console.is_dumb_terminal
        console.print(shown if live else f"sweep: {shown.line()}", highlight=False, markup=False)
        sys.stdout.flush()


def record_failure(folder: Path, error: Exception) -> None:
    """Keep in the folder of a job why it failed; a full disk keeps nothing."""
    trace = "".join(traceback.format_exception(error))
    try:
        (folder / "error.txt").write_text(
            f"{reason(error)}\n\n{trace}", encoding="utf-8", errors="replace"
        )
    except OSError as full:
        print(f"error: {folder}/error.txt: cannot be written ({full.strerror})", file=sys.stderr)


def reason(error: Exception) -> str:
    """Why something failed, in one line."""
    first = (str(error).splitlines() or [""])[0]
    return first if isinstance(error, InputError) else f"{type(error).__name__}: {first}"


def _base() -> Path:
    return Path(HydraConfig.get().runtime.output_dir)


def _folder(config: Config) -> Any:
    """The context in which a folder is this run's, numbered unless the command line names it."""
    given = [override.lstrip("+") for override in HydraConfig.get().overrides.hydra]
    named = any(override.startswith(EXPLICIT) for override in given)
    waits = configuration.rank_in_environment() > 0
    return acquire(_base(), config, numbered=not named, waits=waits)


def _run(config: Config, folder: Path) -> dict[str, Any]:
    from vitrina.experiment import run  # torch is imported only where something runs

    if not (folder / "metrics.json").exists():
        (folder / "error.txt").unlink(missing_ok=True)  # it is tried again
    choices = OmegaConf.to_container(HydraConfig.get().runtime.choices)
    assert isinstance(choices, dict)
    return run(
        config,
        folder,
        choices={str(k): v for k, v in choices.items()},
        overrides=list(HydraConfig.get().overrides.task),
        held=True,
    )
