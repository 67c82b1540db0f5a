"""Runs as tables and reports need them: settings and scores by dotted path, one run a seed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from vitrina.data.fields import brief
from vitrina.errors import InputError
from vitrina.reports.run_table import FROM_PRESETS, RunResult, find_runs, read_run

ASIDE = ("name", "resume", "device", "threads", "tracking")
"""Settings that do not affect the results."""

ADDED = frozenset({"curves", "attack", "pairs"})
"""Parts of `metrics.json` that may be measured when a run has finished."""


@dataclass(frozen=True)
class Run:
    """A run's folder.

    Attributes:
        result: choices, overrides, metrics, and why there are none.
        record: what `record.json` holds. config: what `config.yaml` holds. Empty if missing.
        written_at: when the last file that tells of it was written, in seconds.
    """

    folder: Path
    result: RunResult
    record: dict[str, Any]
    config: dict[str, Any]
    written_at: float

    @property
    def metrics(self) -> dict[str, Any]:
        return self.result.metrics

    @property
    def finished(self) -> bool:
        return bool(self.result.metrics)

    @property
    def seed(self) -> str:
        """The training seed."""
        found = self.setting("seed")
        return "?" if found is None else found

    @property
    def order(self) -> tuple[str, str]:
        """By which runs stand in the order in which they were started."""
        return str(self.record.get("started", "")), self.folder.name

    def setting(self, key: str) -> str | None:
        """The option chosen in a group, or the value of a setting; None if it has none."""
        choices = self.result.choices
        if key in choices:
            return choices[key]
        found: Any = self.config
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return self._override(key)
            found = found[part]
        if isinstance(found, Mapping):
            return str(found["kind"]) if "kind" in found else None
        return written(found)

    def settings(self) -> dict[str, str]:
        """All that may affect the results: choices of groups, then every setting."""
        found = {k: v for k, v in self.result.choices.items() if not k.startswith("hydra/")}
        flat = flattened({k: v for k, v in self.config.items() if k not in ASIDE})
        for key, value in flat.items():
            found.setdefault(key, value)
        for override in self.result.overrides:
            key, _, value = override.lstrip("+~").partition("=")
            if key.partition(".")[0] not in ("hydra", *ASIDE):
                found.setdefault(key, value)
        return {k: v for k, v in found.items() if k.partition(".")[0] not in ASIDE}

    def _override(self, key: str) -> str | None:
        for override in reversed(self.result.overrides):
            name, _, value = override.lstrip("+~").partition("=")
            if name == key:
                return value
        return None


def read_runs(folder: Path) -> list[Run]:
    """All runs at or below `folder`, in the order in which they were started.

    Raises:
        InputError: if there is none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give that of a run or of a sweep")
    found = [_read(path) for path in _outermost(find_runs(folder))]
    if not found:
        raise InputError(f"{folder}: holds no run (no record.json, metrics.json or error.txt)")
    return sorted(found, key=lambda run: run.order)


def _outermost(folders: Sequence[Path]) -> list[Path]:
    """Without those inside another one: what measures a run again may keep its scores there."""
    known = set(folders)
    return [folder for folder in folders if not known & set(folder.parents)]


def _result(folder: Path) -> RunResult:
    """What the run tells, with the curves and attacks that `tools/evaluate.py` added later."""
    result = read_run(folder)
    for path in sorted(folder.glob("evaluations/*/metrics.json")) if result.metrics else ():
        with suppress(OSError, ValueError, AttributeError):  # one that is broken adds nothing
            added = json.loads(path.read_text("utf-8"))
            for key in ADDED.intersection(added):
                result.metrics.setdefault(key, added[key])
    return result


def _read(folder: Path) -> Run:
    record: Any = {}
    config: Any = {}
    if (folder / "record.json").is_file():
        with suppress(OSError, ValueError):  # a broken one is told by `read_run`
            record = json.loads((folder / "record.json").read_text("utf-8"))
    if (folder / "config.yaml").is_file():
        with suppress(Exception):  # YAML errors have no common base
            config = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
    names = ("metrics.json", "error.txt", "record.json")
    times = [(folder / name).stat().st_mtime for name in names if (folder / name).is_file()]
    return Run(
        folder,
        _result(folder),
        record if isinstance(record, dict) else {},
        config if isinstance(config, dict) else {},
        max(times, default=0.0),
    )


def written(value: Any) -> str:
    """A setting as it is written on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return str(value)


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings by dotted key."""
    found: dict[str, str] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            found |= flattened(value, f"{key}.")
        else:
            found[key] = written(value)
    return found


def differing(runs: Sequence[Run], leave_out: Iterable[str] = ("seed",)) -> list[str]:
    """Keys of the settings that are not the same in all runs.

    What follows from another choice is left out: what a model's preset chooses where the model
    tells it, and the settings below a group where the group's option tells them, or another one of
    its settings.
    """
    # A run that failed before it wrote its settings does not tell how it differs.
    all_settings = [run.settings() for run in runs if run.config or run.record]
    skipped = set(leave_out)
    keys = dict.fromkeys(key for settings in all_settings for key in settings)
    found = []
    for key in keys:
        group, _, below = key.partition(".")
        tellers = (["model"] if group in FROM_PRESETS else []) + ([group] if below else [])
        tellers += [other for other in found if other.startswith(f"{group}.")]
        told = any(_tells(teller, key, all_settings) for teller in tellers)
        if key not in skipped and _values(key, all_settings) > 1 and not told:
            found.append(key)
    return found


def _values(key: str, all_settings: Sequence[Mapping[str, str]]) -> int:
    return len({settings.get(key) for settings in all_settings})


def _tells(teller: str, key: str, all_settings: Sequence[Mapping[str, str]]) -> bool:
    """Whether `teller` varies and each of its values comes with one value of `key`."""
    pairs = {(settings.get(teller), settings.get(key)) for settings in all_settings}
    return len(pairs) == _values(teller, all_settings) > 1


def score_at(metrics: Mapping[str, Any], path: str) -> float | None:
    """The number at a dotted path of `metrics.json`; None where it is null (undefined).

    Raises:
        InputError: if there is none; it names what there is instead.
    """
    found: Any = metrics
    done: list[str] = []
    left = path.split(".")
    while left:
        names = _names(found)
        # Names of test files may hold dots: the longest name that fits.
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
    """One run for each value of `keys` and each seed, the newest finished one, and what was left.

    Returns:
        The runs in their order, and a plain sentence for each place that had several.
    """
    places: dict[tuple[str | None, ...], list[Run]] = {}
    for run in runs:
        place = (*(run.setting(key) for key in keys), run.seed)
        if not run.finished and not run.record:  # nothing tells what it was
            place = (*place, run.folder.name)
        places.setdefault(place, []).append(run)
    kept, notes = [], []
    for place, found in places.items():
        newest = max(found, key=lambda run: (run.finished, run.written_at, run.folder.name))
        kept.append(newest)
        if len(found) > 1:
            named = zip((*keys, "seed"), place, strict=False)
            which = " ".join(f"{key}={value}" for key, value in named if value is not None)
            others = differing(found, leave_out=[*keys, "seed"])
            differ = f"; they differ in {', '.join(others)}" if others else ""
            notes.append(
                f"{len(found)} runs of {which}: the newest counts, {newest.folder.name}{differ}"
            )
    return [run for run in runs if run in kept], notes
