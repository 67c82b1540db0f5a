"""`vitrina train`, or `python main.py`: composes, checks everything, then runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from hydra._internal.utils import get_args_parser
from hydra.types import RunMode

import vitrina
from vitrina.cli.compose import Composer, check
from vitrina.cli.help import command, help_text
from vitrina.errors import InputError


def main(arguments: Sequence[str]) -> int:
    """Run the experiment or the sweep that `arguments` choose and return the exit code.

    Raises:
        InputError, HydraException, OmegaConfBaseException: if the settings are wrong. All jobs of
            a sweep are checked before the first one starts.
    """
    flags = parse(arguments)
    composer = Composer.of(flags)
    hydra, name, given = composer.hydra, composer.config_name, composer.overrides
    if flags.help:
        print(help_text(composer))
    elif flags.hydra_help:
        hydra.hydra_help(name, _parser(), flags)
    elif flags.info:
        hydra.show_info(flags.info, name, given)
    elif flags.shell_completion:
        hydra.shell_completion(name, given)
    elif flags.cfg:
        check(composer.compose(multirun=False))
        hydra.show_cfg(name, given, flags.cfg, flags.package, flags.resolve)
    else:
        return _run(composer, multirun=flags.multirun)
    return 0


def _run(composer: Composer, *, multirun: bool) -> int:
    composed = composer.compose(multirun=multirun)
    if composed.hydra.mode == RunMode.MULTIRUN:
        if "TORCHELASTIC_RUN_ID" in os.environ:
            raise InputError("torchrun starts one run: leave out -m and lists of values")
        from vitrina.cli.sweep import run_sweep  # slow, and a single run does not need it

        return run_sweep(composer, composed)
    from vitrina.cli.run import run_composed

    run_composed(composer, composed, check(composed))
    if "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("RANK") != "0":
        # This rank is done. Threads of torch can abort a process while it exits, and torchrun would
        # then end rank 0, which still evaluates.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        command(), parents=[get_args_parser()], conflict_handler="resolve", add_help=False
    )
    version = f"VITRina {vitrina.__version__}"
    parser.add_argument("--version", action="version", version=version, help="Show the version")
    return parser


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the flags of Hydra, in any order with the overrides."""
    flags = _parser().parse_intermixed_args(arguments)
    modes = ("run", "multirun", "cfg", "info", "shell_completion")
    if sum(bool(getattr(flags, mode)) for mode in modes) > 1:
        raise InputError(
            "only one of --run, --multirun, --cfg, --info, --shell-completion is allowed"
        )
    if flags.resolve and not flags.cfg:
        raise InputError("--resolve: needs --cfg")
    if flags.experimental_rerun:
        raise InputError("--experimental-rerun: not supported; resume=true resumes a run")
    return flags
