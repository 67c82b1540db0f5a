"""Result files: the measured numbers behind the tables and figures of the documentation.

`docs/results/NAME.json` is an object:

    caption    what is measured, in a sentence or two of Markdown
    first      heading of the labels (default: model)
    columns    list of objects: `label`; `metric`, where `--collect` finds the score; `unit` ("%": a
               share, shown times 100); `digits` (3); `best`: "max" or "min" makes the best bold.
               A file whose columns have `panel` and `x` (a number) is a figure
    x          name of that number
    rows       list of objects: `label` (Markdown); `command`; `scores` by the label of the column;
               `measured`, where it differs from that of the file
    measured   versions (`vitrina`, `python`, `torch`), `commit`, `date`, `machine`
    seeds      number of runs behind each plain number
    num_texts  number of test texts
    commands   shell lines beyond those of the rows
    ru         Russian for captions, headings, labels and units, by the English text

A score is an object by training seed ({"1": 0.881, "2": 0.893}), a number whose seeds are lost or
that has none, text, or an object with `value`, `unit`, and perhaps `low` and `high`.
Commands name data by `$DATA` and tables of glyphs by `$TABLES`, never by a local path.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import numpy as np

from vitrina.errors import InputError, require
from vitrina.reports.runs import Run, read_runs, score_at
from vitrina.runs.record import read_json, write_json

VARIABLES = ("DATA", "TABLES")
"""Environment variables with folders; commands show their names."""

DEFAULTS = (("digits", 3), ("first", "model"))

NOT_SHOWN = ("name", "resume", "tracking", "seed", "hydra")
"""Settings that a row's command leaves out."""

LOCAL = re.compile(r"(^|[=:,{\[\"'])(/|~|\.\./)")
"""Begins a path that only one machine has."""


@dataclass
class Column:
    """See the module."""

    label: str
    metric: str = ""
    unit: str = ""
    digits: int = 3
    best: str = ""
    panel: str = ""
    x: float | None = None


@dataclass
class Row:
    """See the module."""

    label: str
    command: str = ""
    scores: dict[str, Any] = field(default_factory=dict)
    measured: dict[str, Any] = field(default_factory=dict)


@dataclass
class Results:
    """The content of a result file, see the module."""

    caption: str = ""
    first: str = "model"
    columns: list[Column] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    x: str = ""
    seeds: int | None = None
    num_texts: int | None = None
    measured: dict[str, Any] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    ru: dict[str, str] = field(default_factory=dict)

    @property
    def is_figure(self) -> bool:
        return any(column.panel for column in self.columns)

    @property
    def num_seeds(self) -> int | None:
        """The largest number of seeds of a score; None if no score has seeds."""
        found = [len(s) for row in self.rows for s in row.scores.values() if by_seed(s)]
        return max(found, default=self.seeds)

    def measured_in(self, row: Row) -> dict[str, Any]:
        return row.measured or self.measured


def by_seed(score: Any) -> TypeGuard[Mapping[str, float]]:
    """Return whether `score` maps seeds to values, rather than being one value."""
    return isinstance(score, Mapping) and "value" not in score


T = TypeVar("T")


def _fill(form: type[T], values: Any, place: str) -> T:
    """
    Raises:
        InputError: if `values` has a key that `form` does not have, or lacks one.
    """
    require(isinstance(values, dict), place, values, "an object")
    names = [each.name for each in fields(form)]  # pyright: ignore[reportArgumentType]
    for name in values:
        require(name in names, place, name, f"one of {', '.join(names)}")
    try:
        return form(**values)
    except TypeError:
        raise InputError(f"{place}: lacks a label") from None


def load(path: Path) -> Results:
    """Read a result file.

    Raises:
        InputError: if it is broken, or a score has no column.
    """
    found = _fill(Results, read_json(path), str(path))
    found.columns = [_fill(Column, each, f"{path}: columns") for each in found.columns]
    found.rows = [_fill(Row, each, f"{path}: rows") for each in found.rows]
    labels = [column.label for column in found.columns]
    for row in found.rows:
        for label in row.scores:
            place = f"{path}: scores of {row.label}"
            require(label in labels, place, label, f"one of {', '.join(labels)}")
    return found


def save(results: Results, path: Path) -> None:
    """Write a result file; what all rows have in common is written once."""
    measured = [results.measured_in(row) for row in results.rows]
    if measured and all(each == measured[0] for each in measured):
        results.measured = measured[0]
        for row in results.rows:
            row.measured = {}
    write_json(path, _without_defaults(asdict(results)))


def _without_defaults(values: Any) -> Any:
    if isinstance(values, dict):
        kept = {k: v for k, v in values.items() if v not in (None, "", [], {})}
        return {k: _without_defaults(v) for k, v in kept.items() if (k, v) not in DEFAULTS}
    return [_without_defaults(each) for each in values] if isinstance(values, list) else values


def collect(results: Results, sources: Iterable[Path], metrics: Mapping[str, str]) -> list[str]:
    """Add the scores of runs, and of the JSON files of tools, to `results`.

    Runs whose commands differ only in the seed form one row. An existing row, found by its command
    (of runs) or label (of tools), keeps its label and gets the new scores.

    Args:
        metrics: by the label of the column a dotted path: into `metrics.json`, or into a row of a
            tool's file. `*` is the mean over a list, and `1-PATH` is 1 minus the value.

    Returns:
        A line for each run that has not finished.
    """
    columns = {column.label: column for column in results.columns}
    for label, metric in metrics.items():
        if label not in columns:
            results.columns.append(Column(label))
        next(each for each in results.columns if each.label == label).metric = metric
    missing: list[str] = []
    for source in sources:
        if source.is_dir():
            missing += _collect_runs(results, read_runs(source), metrics)
        else:
            _collect_rows(results, read_json(source), metrics, source)
    return missing


def _collect_runs(results: Results, runs: Sequence[Run], metrics: Mapping[str, str]) -> list[str]:
    missing = []
    # The newest run of a seed comes last and replaces the others.
    for run in sorted(runs, key=lambda run: run.written_at):
        if not run.finished:
            missing.append(f"{run.folder}: {run.error}")
            continue
        require(run.seed.isdigit(), str(run.folder), run.seed, "a run with a seed")
        command = command_of(run)
        row = next((each for each in results.rows if each.command == command), None)
        if row is None:
            row = Row(f"`{command}`", command)
            results.rows.append(row)
        row.measured = _measured(run)
        for label, metric in metrics.items():
            known = row.scores.get(label)
            scores = dict(known) if by_seed(known) else {}
            value = _score(run.metrics, metric)
            if value is not None:
                scores[run.seed] = round(value, 6)
            row.scores[label] = dict(sorted(scores.items(), key=lambda each: int(each[0])))
        counts = [each.get("count") for each in run.metrics.get("test", {}).values()]
        results.num_texts = next(filter(None, counts), results.num_texts)
    return missing


def _score(metrics: Mapping[str, Any], path: str) -> float | None:
    if path.startswith("1-"):
        value = _score(metrics, path[2:])
        return None if value is None else 1 - value
    before, star, after = path.partition(".*.")
    if not star:
        return score_at(metrics, path)
    found: Any = metrics
    for name in before.split("."):
        found = found.get(name, {})
    values = [score_at(metrics, f"{before}.{n}.{after}") for n in range(len(found))]
    known = [value for value in values if value is not None]
    require(bool(values), "--metric", path, "a path whose * is a list that is not empty")
    return float(np.mean(known)) if len(known) == len(values) else None


def command_of(run: Run) -> str:
    """Return the command of a run without its seed, with `$DATA` for the folder of the data.

    Raises:
        InputError: if it names a local path.
    """
    command = shlex.split(str(run.record.get("command", "main.py"))) or ["main.py"]
    program = Path(command[0]).name
    start = f"python tools/{program}" if program not in ("main.py", "vitrina") else "python main.py"
    words = [str(each) for each in run.record.get("overrides", [])]
    shown = [each for each in words if re.split(r"[./=]", each.lstrip("+~"))[0] not in NOT_SHOWN]
    return " ".join([start, *map(_portable, shown)])


def _portable(word: str) -> str:
    for name in VARIABLES:
        if folder := os.environ.get(name, "").rstrip("/"):
            word = word.replace(folder, f"${name}")
    if LOCAL.search(word):
        raise InputError(f"{word}: a local path; set {' or '.join(VARIABLES)} to its folder")
    return _quoted(word)


def _measured(run: Run) -> dict[str, Any]:
    versions = run.record.get("versions") or {}
    git = run.record.get("git") or {}
    found = {name: versions.get(name) for name in ("vitrina", "python", "torch")}
    found["commit"] = git.get("commit")
    found["date"] = str(run.record.get("started", ""))[:10]
    if git.get("changed"):
        found["changed"] = True
    if run.synthetic:
        found["synthetic"] = True
    return {name: value for name, value in found.items() if value}


def _collect_rows(
    results: Results, found: Mapping[str, Any], metrics: Mapping[str, str], path: Path
) -> None:
    """Rows of a tool's file: `environment`, and `rows` with a `name` each."""
    rows = found.get("rows")
    require(isinstance(rows, list), str(path), rows, "a file of a tool, with a list `rows`")
    environment = dict(found.get("environment") or {})
    keys = ("vitrina", "python", "torch", "commit", "date", "device", "cores", "threads")
    for each in rows or ():
        label = f"`{each.get('name')}`"
        row = next((row for row in results.rows if row.label == label), None)
        if row is None:
            row = Row(label)
            results.rows.append(row)
        row.measured = {key: environment[key] for key in keys if environment.get(key)}
        for column, metric in metrics.items():
            value: Any = each
            for name in metric.split("."):
                value = value.get(name) if isinstance(value, Mapping) else None
            if value is not None:
                row.scores[column] = value


def shown_commands(results: Results) -> list[str]:
    """Return shell lines that measure the rows; `ARGS` holds the settings that all have."""
    rows = [(row, shlex.split(row.command)) for row in results.rows if row.command]
    common: list[str] = []
    if len(rows) > 1:
        settings = [word for word in rows[0][1] if "=" in word and " " not in word]
        common = [word for word in settings if all(word in words for _, words in rows)]
    lines = [f'ARGS="{" ".join(common)}"'] if common else []
    for row, words in rows:
        own = [_quoted(word) for word in words if word not in common]
        line = " ".join([*own[:2], "$ARGS", *own[2:]] if common else own)
        scores = [each for each in row.scores.values() if by_seed(each)]
        seeds = list(dict.fromkeys(seed for each in scores for seed in each))
        if len(seeds) > 1:
            lines.append(f"for s in {' '.join(seeds)}; do {line} seed=$s; done")
        else:
            lines.append(" ".join([line, *(f"seed={seed}" for seed in seeds)]))
    return lines + results.commands


def _quoted(word: str) -> str:
    return f'"{word}"' if re.search(r"[\[\]{}()*?;&|<> ]", word) else word
