"""Text of `--help`: groups, their options and all settings."""

from __future__ import annotations

import sys
from pathlib import Path

from omegaconf import OmegaConf

from vitrina.cli.compose import Composer, without_hydra

TEMPLATE = """\
VITRina: experiments with visual token representations.

Usage: {command} [GROUP=OPTION] [KEY=VALUE] [--multirun]

Groups and their options:
{groups}

Settings with these choices (KEY=VALUE changes one, nested keys with dots):

{settings}
A sweep over comma-separated values: {command} -m model=vtr,ttr noise.level_toxic=0,4
The configuration without running it: {command} --cfg job
Your own options and presets, DIR/GROUP/OPTION.yaml: {command} --config-dir DIR
Components and their capabilities: {command} components"""


def command() -> str:
    """Return the command in use: `vitrina`, or `python main.py`."""
    used = sys.argv[0]
    return f"python {used}" if used.endswith(".py") else Path(used).name


def help_text(composer: Composer) -> str:
    """Return the help for the options that the overrides choose."""
    # Hydra's own help also lists all of Hydra's groups, which takes seconds.
    composed = composer.compose(multirun=False, any_lists=True)
    groups = [
        f"  {group + ':':<12} {', '.join(composer.options(group))}" for group in composer.groups()
    ]
    return TEMPLATE.format(
        command=command(),
        groups="\n".join(groups),
        settings=OmegaConf.to_yaml(without_hydra(composed)),
    )
