"""Many runs side by side, read from their folders."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vitrina.evaluation.tables import SYNTHETIC, score_text

ALWAYS_SHOWN = "model"
OF_THE_FOLDER = ("name", "resume")
"""Keys that tell where a run stands and how it came there, not what it is."""
FROM_PRESETS = ("embedder", "encoder", "optimizer", "training")
"""Groups that the model's preset chooses."""

OF_PRETRAINING = ("masked_loss", "cer")
"""Scores of runs that say no labels; less is better."""


@dataclass
class RunResult:
    """What a run's folder tells.

    Attributes:
        choices: option by group. overrides: what the command line set, as `key=value`.
        metrics: what `metrics.json` holds; empty if the run has not finished.
        error: why there are no metrics; empty if there are.
        state: what stands in place of the seconds then.
    """

    folder: Path
    choices: dict[str, str] = field(default_factory=dict)
    overrides: list[str] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    synthetic: bool = False
    state: str = "failed"


def find_runs(folder: Path) -> list[Path]:
    """Folders of runs below `folder`, by name: those with a record, metrics or an error.

    What `tools/evaluate.py` has measured of a run is none.
    """
    files = ("record.json", "metrics.json", "error.txt")
    found = {path.parent for name in files for path in folder.glob(f"**/{name}")}
    return sorted(path for path in found if path.parent.name != "evaluations")


def read_run(folder: Path) -> RunResult:
    """Read `record.json`, `metrics.json` and `error.txt`; what is missing or broken is told."""
    result = RunResult(folder)
    try:
        record = _read_object(folder / "record.json")
        choices, overrides = record.get("choices"), record.get("overrides")
        if isinstance(choices, dict):
            result.choices = {str(k): str(v) for k, v in choices.items()}
        if isinstance(overrides, list):
            result.overrides = [str(each) for each in overrides]
        result.synthetic = bool(record.get("synthetic")) or result.choices.get("dataset") == "demo"
    except (OSError, ValueError, RecursionError) as error:
        result.error = _reason("record.json", error)
    if (folder / "error.txt").is_file() and not (folder / "metrics.json").is_file():
        lines = (folder / "error.txt").read_text("utf-8", "replace").strip().splitlines()
        result.error = lines[0] if lines else "failed"
        return result
    try:
        result.metrics = _read_object(folder / "metrics.json")
    except FileNotFoundError:
        result.error = "not finished"
    except (OSError, ValueError, RecursionError) as error:
        result.error = _reason("metrics.json", error)
    return result


def compare_table(runs: Iterable[Path | RunResult], *, metric: str | None = None) -> Comparison:
    """One row a run: what distinguishes it, its `metric` by suite with the best in bold, seconds.

    Unless one is named it is F1, or where no run has that, what runs that were pre-trained have.
    Runs without metrics keep their row; below stands the first line of what went wrong. Printed
    with rich; where the suites do not fit the width they go on in a second table.
    """
    results = [run if isinstance(run, RunResult) else read_run(run) for run in runs]
    return Comparison(results, metric or _metric_of(results))


@dataclass
class Comparison:
    """What `compare_table` gives."""

    results: list[RunResult]
    metric: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        settings = [_settings(run) for run in self.results]
        shown = _distinguishing(settings)
        suites = _in_order(name for run in self.results for name in _tests(run))
        named = [Column(key, [setting.get(key, "") for setting in settings]) for key in shown]
        scored = [Column("seconds", [_seconds(run) for run in self.results], right=True)]
        scored += [self._scores(suite) for suite in suites]
        room = options.max_width - sum(column.width for column in named)
        for number, part in enumerate(_fitting(scored, room)):
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
            table.title = self._title() if number == 0 else None
            for column in (*named, *part):
                justify = "right" if column.right else "left"
                table.add_column(escape(column.heading), justify=justify)
            for row in range(len(self.results)):
                table.add_row(*(column.cell(row) for column in (*named, *part)))
            yield table
        for run, setting in zip(self.results, settings, strict=True):
            if run.error:
                which = " ".join(f"{key}={setting[key]}" for key in shown if key in setting)
                yield Text(f"{which} ({run.folder}): {run.error}", style="red")

    def _title(self) -> str:
        synthetic = [run.synthetic for run in self.results]
        note = f" ({'' if all(synthetic) else 'partly '}{SYNTHETIC})" if any(synthetic) else ""
        return f"{self.metric} by suite{note}"

    def _scores(self, suite: str) -> Column:
        values = [_number(_tests(run).get(suite, {}).get(self.metric)) for run in self.results]
        # Compared as they are shown: what looks equal is equally bold.
        rounded = [None if value is None else round(value, 3) for value in values]
        wanted = min if self.metric in OF_PRETRAINING else max
        best = wanted((value for value in rounded if value is not None), default=None)
        bold = [value is not None and value == best for value in rounded]
        return Column(suite.replace("_", "\n"), [score_text(v) for v in values], bold, right=True)


@dataclass
class Column:
    """A column of a comparison: its cells, and which of them are the best."""

    heading: str
    cells: list[str]
    bold: list[bool] = field(default_factory=list)
    right: bool = False

    @property
    def width(self) -> int:
        """Characters, with the space around and the one between columns."""
        return 3 + max(cell_len(text) for text in (*self.heading.split("\n"), *self.cells))

    def cell(self, row: int) -> str:
        """A cell as rich's markup."""
        text = escape(self.cells[row])
        return f"[bold]{text}[/bold]" if self.bold and self.bold[row] else text


def _fitting(columns: Sequence[Column], room: int) -> list[list[Column]]:
    """The columns in as few parts as fit into `room` characters, in order."""
    parts: list[list[Column]] = [[]]
    left = room
    for column in columns:
        if parts[-1] and column.width > left:
            parts.append([])
            left = room
        parts[-1].append(column)
        left -= column.width
    return parts


def _seconds(run: RunResult) -> str:
    train = run.metrics.get("train")
    seconds = _number(train.get("seconds")) if isinstance(train, dict) else None
    if run.error:
        return run.state
    return "–" if seconds is None else f"{seconds:.0f}"


def _settings(run: RunResult) -> dict[str, str]:
    """What was chosen for a run, by key; overrides of a group are its choice already."""
    found = {ALWAYS_SHOWN: run.choices.get(ALWAYS_SHOWN, run.folder.name)}
    plain = {key: value for key, value in run.choices.items() if not key.startswith("hydra/")}
    found |= {key: value for key, value in plain.items() if value != "None"}
    for override in run.overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if not key.startswith("hydra.") and key not in OF_THE_FOLDER:
            found.setdefault(key, value)
    return found


def _distinguishing(settings: Sequence[dict[str, str]]) -> list[str]:
    """The model, and the keys whose values are not the same in all runs.

    A group that the model's preset has chosen says nothing more and is left out.
    """
    models = [setting[ALWAYS_SHOWN] for setting in settings]
    shown = [ALWAYS_SHOWN]
    for key in _in_order(key for setting in settings for key in setting):
        values = [setting.get(key, "") for setting in settings]
        alike = len(set(zip(models, values, strict=True))) == len(set(models))
        follows = key in FROM_PRESETS and alike
        if key != ALWAYS_SHOWN and len(set(values)) > 1 and not follows:
            shown.append(key)
    return shown


def _metric_of(results: Sequence[RunResult]) -> str:
    known = [scores for run in results for scores in _tests(run).values()]
    has = [name for name in ("f1", *OF_PRETRAINING) if any(_has(each, name) for each in known)]
    return has[0] if has else "f1"


def _has(scores: dict[str, Any], name: str) -> bool:
    return _number(scores.get(name)) is not None


def _tests(run: RunResult) -> dict[str, Any]:
    tests = run.metrics.get("test")
    tests = tests if isinstance(tests, dict) else {}
    return {name: scores for name, scores in tests.items() if isinstance(scores, dict)}


def _number(value: Any) -> float | None:
    """`value` if it is a finite number, as those of a run are."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and abs(value) <= sys.float_info.max else None


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _read_object(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text("utf-8"))
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _reason(name: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{name} is missing"
    return f"{name} cannot be read: {error}".splitlines()[0]
