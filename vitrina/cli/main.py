"""The command line of `main.py`: compose, check everything, then run.

Wrong settings end in one line and exit code 2 before anything is started; in a sweep all jobs are
checked before the first begins. A job that fails later does not stop the others; the exit code is
1 then. `HYDRA_FULL_ERROR=1` shows tracebacks.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import string
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from vitrina import config as configuration
from vitrina.errors import InputError
from vitrina.runs.plan import Job


def main() -> None:
    """Run the command line and leave with its exit code: 0, 1 (a job failed) or 2 (wrong input)."""
    show_tracebacks = os.environ.get("HYDRA_FULL_ERROR") not in (None, "", "0")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra must let errors pass, so that they are told here
    configuration.register()
    OmegaConf.register_new_resolver("options", _options, replace=True)
    arguments = get_args_parser().parse_args()
    informs = arguments.hydra_help or arguments.info is not None
    try:
        if arguments.help:
            print(_help(arguments.overrides))
            return
        sweep = None
        if not informs and not arguments.shell_completion:
            sweep = check(arguments.overrides, arguments.multirun)
        if sweep is not None and "TORCHELASTIC_RUN_ID" in os.environ:
            raise InputError("torchrun starts one run: leave out -m and lists of values")
        if sweep is not None and not arguments.cfg:
            sys.exit(_sweep(sweep))
        _single_run()
        if "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("RANK") != "0":
            # Its share is done. Threads of torch's can abort a process while it is taken down, and
            # torchrun would end the first one with it, which still measures.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
    except (InputError, HydraException, OmegaConfBaseException) as error:
        if show_tracebacks:
            raise
        _let_the_first_speak()
        print(f"error: {explain(error)}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:  # Hydra makes the folder before the run is asked
        if show_tracebacks or error.filename is None:
            raise
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _let_the_first_speak(seconds: float = 10.0) -> None:
    """Wait in all processes of `torchrun` but the first, which meet the same error as it does.

    The first process that leaves makes torchrun stop all: were it another, the first would be
    stopped before it has said why. One whose error is its own alone goes on and says it.
    """
    if configuration.rank_in_environment() > 0:
        time.sleep(seconds)


@dataclass(frozen=True)
class Sweep:
    """The jobs of a sweep and the folder they stand in.

    Hydra's own sweeper alone tells its jobs beforehand; of another there are none.
    """

    folder: Path
    jobs: list[Job]


def check(overrides: Sequence[str], multirun: bool) -> Sweep | None:
    """Compose and check every job that `overrides` start.

    Returns:
        The jobs of a sweep, or None for a single run.

    Raises:
        InputError, HydraException, OmegaConfBaseException: what is wrong with the first wrong job.
    """
    with _composer() as loader:
        mode = RunMode.MULTIRUN if multirun else RunMode.RUN
        composed = _load(loader, overrides, mode)
        is_sweep = multirun or composed.hydra.mode == RunMode.MULTIRUN
        if not is_sweep:
            configuration.to_config(_without_hydra(composed))
            return None
        jobs = []
        for overrides_of_job in sweep_jobs(composed, overrides):
            job = _load(loader, [*overrides_of_job, "hydra.mode=RUN"], RunMode.RUN)
            values = _without_hydra(job)
            configuration.to_config(values)
            plain = OmegaConf.to_container(values)
            assert isinstance(plain, dict)
            signature = configuration.signature({str(k): v for k, v in plain.items()})
            model = job.hydra.runtime.choices.get("model") or "run"
            own = [each for each in overrides_of_job if not each.lstrip("+~").startswith("hydra")]
            jobs.append(Job(signature, f"{model}-{signature}", own))
        return Sweep(Path(composed.hydra.sweep.dir), jobs)


def sweep_jobs(composed: DictConfig, overrides: Sequence[str]) -> Iterator[list[str]]:
    """The overrides of each job of a sweep, where Hydra's own sweeper makes the jobs."""
    if composed.hydra.runtime.choices.get("hydra/sweeper") != "basic":
        return
    params = composed.hydra.sweeper.params or {}
    swept = [f"{key}={value}" for key, value in params.items()] + list(overrides)
    parsed = OverridesParser.create().parse_overrides(swept)
    for batch in BasicSweeper.split_arguments(parsed, None):
        yield from (list(job) for job in batch)


@contextmanager
def _composer() -> Iterator[Any]:
    """Hydra's configuration loader over `conf`, cleared away afterwards."""
    GlobalHydra.instance().clear()
    folder = str(configuration.package_folder("conf"))
    try:
        with hydra.initialize_config_dir(folder, version_base="1.3"):
            yield GlobalHydra.instance().config_loader()
    finally:
        GlobalHydra.instance().clear()


def _load(loader: Any, overrides: Sequence[str], mode: RunMode) -> DictConfig:
    return loader.load_configuration("config", list(overrides), run_mode=mode)


def _without_hydra(composed: DictConfig) -> DictConfig:
    # Interpolations into hydra.* are resolved while it is still there.
    plain = {key: composed[key] for key in composed if key != "hydra"}
    return OmegaConf.create({key: _resolved(value) for key, value in plain.items()})


def _resolved(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _hydra_main(task: Any) -> Any:
    folder = str(configuration.package_folder("conf"))
    return hydra.main(version_base="1.3", config_path=folder, config_name="config")(task)


def _single_run() -> None:
    failures = []

    def job(composed: DictConfig) -> None:
        from vitrina.cli.job import run_here

        try:
            run_here(composed)
        except Exception as error:  # Hydra would print lines of its own around it
            failures.append(error)

    _hydra_main(job)()
    if failures:
        raise failures[0]


def _sweep(sweep: Sweep) -> int:
    from vitrina.cli.job import SweepJob, reason
    from vitrina.cli.sweep_end import report_sweep
    from vitrina.runs.plan import add_to_plan, read_plan

    if sweep.jobs:
        print(f"{len(sweep.jobs)} jobs, all checked", flush=True)
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    add_to_plan(sweep.folder, sweep.jobs, command)
    outlived = True
    try:
        _hydra_main(SweepJob(tuple(sweep.jobs), os.getpid(), tuple(sys.argv)))()
    except (InputError, HydraException, OmegaConfBaseException):
        raise
    except Exception as error:  # a launcher whose workers died; what they have done stands
        outlived = False
        print(f"error: the sweep stopped: {reason(error)}; resume=true goes on", file=sys.stderr)
    finished = report_sweep(sweep.folder, sweep.jobs or read_plan(sweep.folder))
    return 0 if finished and outlived else 1


PLUGINS = {
    "joblib": "sweep",
    "submitit_local": "sweep",
    "submitit_slurm": "sweep",
    "ray": "ray",
    "optuna": "search",
}
"""Options that a package brings, and the extra of pyproject.toml that installs it."""


def explain(error: Exception) -> str:
    """What is wrong with the settings, in one line that names the key and what is allowed."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MissingConfigException):
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        if option in PLUGINS:
            return f"{group}={option}: needs pip install 'vitrina[{PLUGINS[option]}]'"
        options = [
            path.stem for path in (configuration.package_folder("conf") / group).glob("*.yaml")
        ]
        return f"{group}={option}: must be one of {', '.join(sorted(options)) or '(none yet)'}"
    if isinstance(error, OverrideParseException):
        return f"{error.override!r} cannot be read as KEY=VALUE: {str(error).splitlines()[0]}"
    cause = error.__cause__
    if isinstance(cause, OmegaConfBaseException):
        return _explain_key(configuration.explain(cause), str(error))
    if isinstance(error, OmegaConfBaseException):
        return configuration.explain(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    unknown = re.match(
        r"Could not override '([^']+)'\.?\s*No match in the defaults list", str(error)
    )
    if unknown:
        return _explain_key(f"{unknown[1]}: there is no such group", lines[0])
    return lines[0] if lines else type(error).__name__


def _explain_key(told: str, hydra_says: str) -> str:
    """Add what is allowed to Hydra's word of an unknown key."""
    found = re.search(r"Could not override '([^']+)'", hydra_says)
    if found is None:
        return told
    key = found[1]
    if "must be" in told:
        return told
    names = _names_beside(key)
    if not names:
        return told
    close = difflib.get_close_matches(key.rpartition(".")[2], names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"{key}: there is no such key{hint}; allowed: {', '.join(names)}"


def _names_beside(key: str) -> list[str]:
    """The keys that stand beside `key` in the configuration without overrides."""
    parent = key.rpartition(".")[0]
    with _composer() as loader:
        composed = _load(loader, [], RunMode.RUN)
        node = OmegaConf.select(composed, parent) if parent else composed
        if not isinstance(node, DictConfig):
            return _names_beside(parent) if parent else []
        names = {str(name) for name in node} - {"hydra"}
        return sorted(names if parent else names | {"model", "experiment"})


def _help(overrides: Sequence[str]) -> str:
    """What `--help` shows: the template in `conf/config.yaml`, filled in.

    Hydra's own way lists all of its groups first, which takes seconds, for a template that asks
    for none of them.
    """
    with _composer() as loader:
        composed = _load(loader, overrides, RunMode.RUN)
        template = string.Template(composed.hydra.help.template)
        keys = [str(key) for key in composed if key != "hydra"]
        settings = OmegaConf.masked_copy(composed, keys)
        return template.substitute(CONFIG=OmegaConf.to_yaml(settings))


def _options() -> str:
    """The groups and their options, a line each, for --help."""
    folder = configuration.package_folder("conf")
    groups = sorted(path for path in folder.iterdir() if path.is_dir() and path.name != "hydra")
    lines = []
    for group in groups:
        names = ", ".join(sorted(file.stem for file in group.glob("*.yaml")))
        lines.append(f"  {group.name + ':':<12} {names}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
