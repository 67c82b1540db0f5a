"""Reads the folders of runs for tables and reports: settings and scores by dotted path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from vitrina.config import WITHOUT_EFFECT
from vitrina.data.fields import brief
from vitrina.errors import InputError
from vitrina.registry import components

FROM_PRESETS = ("deobfuscator", "embedder", "encoder", "optimizer", "training")
"""Groups that a preset of `model` chooses."""

ADDED = frozenset({"curves", "attack", "pairs"})
"""Sections of `metrics.json` that a later evaluation of a finished run may add."""

FILES = ("record.json", "metrics.json", "error.txt")


@dataclass(eq=False)
class Run:
    """The folder of a run.

    Attributes:
        record: content of `record.json`.
        metrics: content of `metrics.json`; empty if the run has not finished.
        error: reason why there are no metrics; empty if there are.
        state: shown instead of the seconds for a run without metrics.
    """

    folder: Path
    record: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    state: str = "failed"

    @cached_property
    def config(self) -> dict[str, Any]:
        """Content of `config.yaml`; empty if it is missing or corrupt."""
        found: Any = None
        if (self.folder / "config.yaml").is_file():
            with suppress(Exception):  # YAML errors have no common base
                found = OmegaConf.to_container(OmegaConf.load(self.folder / "config.yaml"))
        return found if isinstance(found, dict) else {}

    @property
    def choices(self) -> dict[str, str]:
        """Option by group."""
        found = self.record.get("choices")
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    @property
    def overrides(self) -> dict[str, str]:
        """Overrides of the command line by key."""
        found = self.record.get("overrides")
        pairs = [str(each).partition("=") for each in found] if isinstance(found, list) else []
        return {key.lstrip("+~"): value for key, _, value in pairs}

    @property
    def task(self) -> Any:
        """Settings class of the task; None if the task is not installed."""
        known = components("task").get(str(self.setting("task")))
        return known and known.settings

    @property
    def synthetic(self) -> bool:
        """Whether the data are the synthetic demo corpus."""
        return bool(self.record.get("synthetic"))

    @property
    def finished(self) -> bool:
        return bool(self.metrics)

    @property
    def written_at(self) -> float:
        """Modification time of the newest file in seconds."""
        paths = [self.folder / name for name in FILES]
        return max((path.stat().st_mtime for path in paths if path.is_file()), default=0.0)

    @property
    def seed(self) -> str:
        """The training seed."""
        return self.setting("seed") or "?"

    def setting(self, key: str) -> str | None:
        """Return the option of a group or the value of a setting; None if there is none."""
        if key in self.choices:
            return self.choices[key]
        found: Any = self.config
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return self.overrides.get(key)
            found = found[part]
        if isinstance(found, Mapping):
            return str(found["kind"]) if "kind" in found else None
        return written(found)

    def settings(self) -> dict[str, str]:
        """Return all settings that may affect the results: options of groups, then values."""
        found = dict(self.choices)
        for more in (flattened(self.config), self.overrides):
            found |= {key: value for key, value in more.items() if key not in found}
        ignored = ("hydra", *WITHOUT_EFFECT)
        return {k: v for k, v in found.items() if k.replace("/", ".").split(".")[0] not in ignored}


def find_runs(folder: Path) -> list[Path]:
    """Return the folders of runs at or below `folder`, sorted; later evaluations are no runs."""
    found = {path.parent for name in FILES for path in folder.glob(f"**/{name}")}
    return sorted(path for path in found if path.parent.name != "evaluations")


def read_run(folder: Path) -> Run:
    """Read a run; `error` names a missing or corrupt file."""
    run = Run(folder)
    run.record, run.error = _read_object(folder / "record.json")
    if (folder / "error.txt").is_file() and not (folder / "metrics.json").is_file():
        lines = (folder / "error.txt").read_text("utf-8", "replace").strip().splitlines()
        run.error = lines[0] if lines else "failed"
        return run
    run.metrics, error = _read_object(folder / "metrics.json")
    run.error = error or run.error
    if error and not (folder / "metrics.json").is_file():
        run.error = "not finished"
    for path in sorted(folder.glob("evaluations/*/metrics.json")) if run.metrics else ():
        added, _ = _read_object(path)
        for key in ADDED.intersection(added):
            run.metrics.setdefault(key, added[key])
    return run


def _read_object(path: Path) -> tuple[dict[str, Any], str]:
    """Read a JSON object; return an empty one and the reason if that fails."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}, f"{path.name} is missing"
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"{path.name} cannot be read: {error}".splitlines()[0]
    if not isinstance(value, dict):
        return {}, f"{path.name} cannot be read: not a JSON object"
    return value, ""


def read_runs(folder: Path) -> list[Run]:
    """Read all runs at or below `folder` in the order of their start.

    Folders inside another run are skipped: tools that re-evaluate a run may write there.

    Raises:
        InputError: if there is no run.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; must be the folder of a run or a sweep")
    paths = find_runs(folder)
    found = [read_run(path) for path in paths if not set(paths) & set(path.parents)]
    if not found:
        raise InputError(f"{folder}: contains no run (no record.json, metrics.json or error.txt)")
    return sorted(found, key=lambda run: (str(run.record.get("started", "")), run.folder.name))


def written(value: Any) -> str:
    """Format a setting as on the command line.

    >>> written([1, None, True])
    '[1,null,true]'
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return str(value)


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Flatten nested settings to dotted keys, with the values as text."""
    found: dict[str, str] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            found |= flattened(value, f"{key}.")
        else:
            found[key] = written(value)
    return found


def differing(runs: Sequence[Run], skip: Iterable[str] = ("seed",)) -> list[str]:
    """Return the keys of settings that differ between runs.

    Keys determined by another key are omitted: groups that the preset `model` determines, and
    settings of a group that the option or another setting of the group determines.
    """
    # A run that failed before it saved its settings has no known differences.
    known = [run for run in runs if run.config or run.record]
    all_settings = [run.settings() for run in known]
    for run, settings in zip(known, all_settings, strict=True):
        if not run.config:  # a pending run only has its overrides; the rest may be equal
            for other in all_settings:
                settings |= {key: other[key] for key in other if key not in settings}
    skipped = set(skip)
    found: list[str] = []
    for key in dict.fromkeys(key for settings in all_settings for key in settings):
        group, _, below = key.partition(".")
        causes = (["model"] if group in FROM_PRESETS else []) + ([group] if below else [])
        causes += [other for other in found if other.startswith(f"{group}.")]
        follows = any(_determines(cause, key, all_settings) for cause in causes)
        if key not in skipped and _num_values(key, all_settings) > 1 and not follows:
            found.append(key)
    return found


def _num_values(key: str, all_settings: Sequence[Mapping[str, str]]) -> int:
    return len({settings.get(key) for settings in all_settings})


def _determines(cause: str, key: str, all_settings: Sequence[Mapping[str, str]]) -> bool:
    """Return whether `cause` varies and each of its values has a single value of `key`."""
    pairs = {(settings.get(cause), settings.get(key)) for settings in all_settings}
    return len(pairs) == _num_values(cause, all_settings) > 1


def score_at(metrics: Mapping[str, Any], path: str) -> float | None:
    """Return the number at a dotted path of `metrics.json`; None if it is null (undefined).

    Raises:
        InputError: if there is no number; it names the available keys.
    """
    found: Any = metrics
    done: list[str] = []
    left = path.split(".")
    while left:
        names = _names(found)
        # Names of test files may contain dots: take the longest matching name.
        sizes = [size for size in range(len(left), 0, -1) if ".".join(left[:size]) in names]
        if not sizes:
            where, more = ".".join(done) or "metrics.json", ""
            has = ", ".join(brief(name) for name in names[:30]) or "nothing below it"
            if len(names) > 30:
                more = f", and {len(names) - 30} more"
            raise InputError(
                f"--metric {path}: there is no {brief(left[0])!r} in {where}; it has: {has}{more}"
            )
        name = ".".join(left[: sizes[0]])
        found = found[int(name)] if isinstance(found, list) else found[name]
        done.append(name)
        left = left[sizes[0] :]
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        has = ", ".join(f"{path}.{name}" for name in _names(found)[:30])
        raise InputError(f"--metric {path}: not a number{'; it has: ' + has if has else ''}")
    return float(found)


def _names(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [str(name) for name in value]
    return [str(index) for index in range(len(value))] if isinstance(value, list) else []


def newest_of_each(runs: Sequence[Run], keys: Sequence[str]) -> tuple[list[Run], list[str]]:
    """Keep one run per value of `keys` and seed, the newest finished one.

    Returns:
        The runs in the given order, and a note for each case with several runs.
    """
    places: dict[tuple[str | None, ...], list[Run]] = {}
    for run in runs:
        place = (*(run.setting(key) for key in keys), run.seed)
        if not run.finished and not run.record:  # its settings are unknown
            place = (*place, run.folder.name)
        places.setdefault(place, []).append(run)
    kept, notes = [], []
    for place, found in places.items():
        newest = max(found, key=lambda run: (run.finished, run.written_at, run.folder.name))
        kept.append(newest)
        if len(found) > 1:
            named = zip((*keys, "seed"), place, strict=False)
            which = " ".join(f"{key}={value}" for key, value in named if value is not None)
            others = differing(found, skip=[*keys, "seed"])
            differ = f"; they differ in {', '.join(others)}" if others else ""
            notes.append(
                f"{len(found)} runs of {which}: the newest counts, {newest.folder.name}{differ}"
            )
    return [run for run in runs if run in kept], notes
