"""Runs one composed configuration in its own folder."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobStatus, configure_log, run_job
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from vitrina import config as configuration
from vitrina.cli.compose import Composer
from vitrina.config import Config
from vitrina.runs.folder import acquire

FOLDER_GIVEN = "hydra.run.dir="
"""Override that names the folder of a run."""


def run_composed(composer: Composer, composed: DictConfig, config: Config) -> None:
    """Run a composed and checked configuration as Hydra runs a job.

    Raises:
        InputError: if something is wrong with the settings, the data or the folder.
        FolderBusyError: if another process already continues this run.
    """

    def job(_: DictConfig) -> None:
        with run_folder(config) as folder:
            run_in(folder, config)

    name, loader = composer.config_name, composer.hydra.config_loader
    callbacks = Callbacks(composed)
    configure_log(composed.hydra.hydra_logging, composed.hydra.verbose)
    callbacks.on_run_start(config=composed, config_name=name)
    done = run_job(job, composed, "hydra.run.dir", None, HydraContext(loader, callbacks))
    callbacks.on_run_end(config=composed, config_name=name, job_return=done)
    if done.status is JobStatus.FAILED:
        raise done._return_value  # the property `return_value` prints Hydra's own lines


def base_folder() -> Path:
    """Return the folder that Hydra created for the running job."""
    return Path(HydraConfig.get().runtime.output_dir)


def run_folder(config: Config) -> AbstractContextManager[Path]:
    """Acquire the folder of this run, numbered unless the command line names it."""
    given = [override.lstrip("+") for override in HydraConfig.get().overrides.hydra]
    named = any(override.startswith(FOLDER_GIVEN) for override in given)
    waits = configuration.rank_in_environment() > 0
    return acquire(base_folder(), config, numbered=not named, waits=waits)


def run_in(folder: Path, config: Config) -> dict[str, Any]:
    """Run the experiment in a folder that the caller has acquired and return its metrics."""
    from vitrina.experiment import run  # imports torch

    if not (folder / "metrics.json").exists():
        (folder / "error.txt").unlink(missing_ok=True)  # of an earlier attempt
    choices = OmegaConf.to_container(HydraConfig.get().runtime.choices)
    assert isinstance(choices, dict)
    return run(
        config,
        folder,
        choices={str(k): v for k, v in choices.items()},
        overrides=list(HydraConfig.get().overrides.task),
        held=True,
    )
