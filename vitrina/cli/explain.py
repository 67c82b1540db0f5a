"""Explains in one line why Hydra cannot compose a configuration."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from vitrina import config as configuration
from vitrina.errors import InputError

EXTRAS = {
    "joblib": "sweep",
    "submitit_local": "sweep",
    "submitit_slurm": "sweep",
    "ray": "ray",
    "optuna": "search",
}
"""Options of Hydra's plugins, and the extra of pyproject.toml that installs each."""


def explain(error: Exception) -> str:
    """Explain wrong settings in one line that names the key and what is allowed."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _explain_option(error.missing_cfg_file, error.options)
    if isinstance(error, OverrideParseException):
        lines = [line for line in str(error).splitlines() if not line.startswith("Error parsing")]
        return f"{error.override!r} cannot be read as KEY=VALUE: {lines[0]}"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{mark.name}:{mark.line + 1}: not YAML ({error.problem})"
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    cause = cause or error.__context__
    if isinstance(cause, OmegaConfBaseException):
        file = re.match(r"In '([^']+)': \w+ raised while composing", str(error))
        return (f"{file[1]}.yaml: " if file else "") + _explain_key(cause)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines) or type(error).__name__


def _explain_option(path: str, options: Iterable[str] | None) -> str:
    group, _, option = path.rpartition("/")
    if option in EXTRAS:
        return f"{group}={option}: needs pip install 'vitrina[{EXTRAS[option]}]'"
    if not group:
        return f"{path}: no such configuration in the config folders"
    names = sorted(options or _names(group, ObjectType.CONFIG))
    return f"{group}={option}{_nearest(option, names)}: must be one of {', '.join(names)}"


def _explain_key(error: OmegaConfBaseException) -> str:
    if error.parent_node is None or "not in" not in str(error.msg):
        return configuration.explain(error)
    key = str(error.full_key)
    parent, _, last = key.rpartition("/" if "/" in key else ".")
    if "/" in key:  # a group in a group: hydra/launcher
        names = set(_names(parent, ObjectType.GROUP))
    else:
        names = {str(name) for name in error.parent_node}
        if not parent:
            names = (names | set(_names("", ObjectType.GROUP))) - {"hydra", "schema"}
    return f"{key}: unknown key{_nearest(last, names)}; allowed: {', '.join(sorted(names))}"


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _names(group: str, kind: ObjectType) -> list[str]:
    """Return the options or groups in a group; none if Hydra is not initialized."""
    if not GlobalHydra.instance().is_initialized():
        return []
    return GlobalHydra.instance().config_loader().get_group_options(group, kind)
