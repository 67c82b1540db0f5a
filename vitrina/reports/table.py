"""Tables of runs: one row per run, or means over seeds by two settings with paired tests."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import InputError, require
from vitrina.evaluation.tables import SYNTHETIC, score_text
from vitrina.reports.formats import Cell, RunTables, TextTable
from vitrina.reports.runs import Run, differing, newest_of_each, read_run, read_runs, score_at
from vitrina.reports.statistics import (
    FEW_SEEDS,
    LEVEL,
    SeedMean,
    holm,
    mean_over_seeds,
    sign_flip_test,
    too_few,
)

METRIC = "metric"
"""Value of `columns` for one column per metric."""

FIRST, BEST, NONE = "first", "best", "none"
"""Values of `baseline` that are not the name of a row."""

PRETRAINING_METRICS = ("masked_loss", "cer")
"""Scores of runs without labels."""

LOWER_IS_BETTER = (
    "ece", "brier", "flip_rate", "false_alarms", "cer", "infeasible", "seconds", "fit_seconds",
    "peak_memory_mb", "num_parameters", "success_rate", "masked_loss",
)  # fmt: skip
"""Names in the path of a metric for which lower is better."""


@dataclass(frozen=True)
class PairedTest:
    """Test of a row against the baseline in one column.

    Attributes:
        difference: mean of row minus baseline over paired seeds.
        p, adjusted: before and after Holm's correction over all tests of the table.
    """

    row: str
    column: str
    baseline: str
    difference: float
    num_pairs: int
    p: float
    adjusted: float


CSV_HEADINGS = (
    "mean", "low", "high", "interval", "seeds", "best", "baseline", "difference", "pairs", "p",
    "p_holm",
)  # fmt: skip

TEST_HEADINGS = ["column", "row", "against", "difference", "pairs", "p", "Holm"]


@dataclass
class SeedTable:
    """Means over seeds by two settings.

    Attributes:
        row_key, column_key: settings of rows and columns.
        scores: per cell, by seed. cells: means over seeds; None without scores.
        best: best cells of their columns after rounding.
        tests: tests of each row against the baseline. notes: sentences below the table.
        failed: runs without scores, with their errors.
    """

    title: str
    row_key: str
    column_key: str
    rows: list[str]
    columns: list[str]
    scores: dict[tuple[str, str], dict[str, float]]
    cells: dict[tuple[str, str], SeedMean | None]
    best: set[tuple[str, str]]
    tests: list[PairedTest]
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def text(self) -> RunTables:
        """Format means with intervals and numbers of seeds, tests and notes."""
        prefix = "" if self.column_key == METRIC else f"{self.column_key} = "
        head = [self.row_key, *(prefix + column for column in self.columns)]
        rows = [
            [Cell(row), *(self.cell(row, column) for column in self.columns)] for row in self.rows
        ]
        tables = [TextTable(self.title, head, rows)]
        if self.tests:
            tables.append(self.text_of_tests("paired tests"))
        notes = ["in round brackets: number of seeds; bold: best of the column", *self.notes]
        return RunTables(tables, notes, self.failed, self.values())

    def values(self) -> list[list[Any]]:
        """Return a header and a row per cell with its test, in full precision."""
        tests = {(test.row, test.column): test for test in self.tests}
        rows: list[list[Any]] = [[self.row_key, self.column_key, *CSV_HEADINGS]]
        for place, cell in self.cells.items():
            values: list[Any] = [""] * len(CSV_HEADINGS)
            if cell is not None:
                ends = (cell.low, cell.high) if cell.method else ("", "")
                best = int(place in self.best)
                values[:6] = [cell.mean, *ends, cell.method, cell.num_seeds, best]
            if test := tests.get(place):
                values[6:] = [test.baseline, test.difference, test.num_pairs, test.p, test.adjusted]
            rows.append([*place, *values])
        return rows

    def cell(self, row: str, column: str) -> Cell:
        """Format mean, interval and number of seeds."""
        found = self.cells[row, column]
        if found is None:
            return Cell("–")
        return Cell(found.text, (row, column) in self.best, f" ({found.num_seeds})")

    def text_of_tests(self, title: str) -> TextTable:
        """Format the tests, a row per test."""
        rows = [
            [
                *(test.column, test.row, test.baseline),
                *(f"{test.difference:+.3f}", str(test.num_pairs), _p_text(test.p)),
                _p_text(test.adjusted) + (" *" if test.adjusted <= LEVEL else ""),
            ]
            for test in self.tests
        ]
        return TextTable(title, TEST_HEADINGS, [list(map(Cell, row)) for row in rows], 3)


def _p_text(p: float) -> str:
    return "< 0.001" if p < 0.001 else score_text(p)


def seed_table(
    folder: Path,
    *,
    rows: str = "model",
    columns: str = METRIC,
    metrics: Sequence[str] = ("test.clean.f1",),
    baseline: str = FIRST,
) -> SeedTable:
    """Create a table of the runs below `folder`.

    Args:
        rows: setting of the rows, a group or a dotted key.
        columns: setting of the columns, or `metric`.
        metrics: dotted paths into `metrics.json`; more than one only with `columns="metric"`.
        baseline: name of the row to test against, `first`, `best` (of each column) or `none`.

    Raises:
        InputError: if no run has the setting or metric, or no run has finished.
    """
    require(len(metrics) >= 1, "--metric", list(metrics), "given at least once")
    single = columns == METRIC or len(metrics) == 1
    require(single, "--metric", ", ".join(metrics), f"one metric, or --columns {METRIC}")
    runs = read_runs(folder)
    keys = [rows] if columns == METRIC else [rows, columns]
    for option, key in zip(("--rows", "--columns"), keys, strict=False):
        _require_setting(runs, option, key)
    kept, notes = newest_of_each(runs, keys)
    scores, names = _collect(kept, keys, metrics, notes)
    row_names = _in_order(run.setting(rows) for run in kept if run.finished or run.record)
    of_setting = _in_order(run.setting(keys[-1]) for run in kept)
    column_names = list(metrics) if columns == METRIC else of_setting
    subject = "scores" if columns == METRIC and len(metrics) > 1 else metrics[0]
    title = f"{subject}, means over seeds{_synthetic_note(kept)}"
    lower = {column: _lower(column if columns == METRIC else metrics[0]) for column in column_names}
    table = _table(title, (rows, columns), row_names, column_names, scores, lower, baseline)
    table.notes = [*notes, *names, *table.notes]
    table.failed = [_failure(run, keys) for run in kept if not run.finished]
    return table


def tested(
    rows: Sequence[str],
    columns: Sequence[str],
    scores: dict[tuple[str, str], dict[str, float]],
) -> SeedTable:
    """Create a table of scores for which higher is better, tested against the first row."""
    lower = dict.fromkeys(columns, False)
    return _table("", ("runs", "suite"), rows, columns, scores, lower, FIRST)


def _table(
    title: str,
    keys: tuple[str, str],
    rows: Sequence[str],
    columns: Sequence[str],
    scores: dict[tuple[str, str], dict[str, float]],
    lower: dict[str, bool],
    baseline: str,
) -> SeedTable:
    cells = {
        (row, column): mean_over_seeds(list(found.values())) if found else None
        for row in rows
        for column in columns
        for found in [scores.get((row, column), {})]
    }
    best = set()
    for column in columns:
        means = [cell and cell.mean for cell in (cells[row, column] for row in rows)]
        best |= {(rows[n], column) for n in best_shown(means, lower=lower[column])}
    table = SeedTable(title, *keys, list(rows), list(columns), scores, cells, best, [])
    table.tests = _paired_tests(table, baseline, lower)
    table.notes = _explained(table, lower)
    return table


def run_table(runs: Iterable[Path | Run], *, metric: str | None = None) -> RunTables:
    """Create a table with a row per run, also without scores: differing settings, metric by suite.

    Args:
        metric: by default F1, or a pre-training score if no run has F1.
    """
    read = [run if isinstance(run, Run) else read_run(run) for run in runs]
    tests = [_tests(run) for run in read]
    names = ("f1", *PRETRAINING_METRICS)
    known = [name for name in names if any(_has(scores, name) for scores in tests)]
    metric = metric or next(iter(known), "f1")
    keys = ["model", *(differing(read, skip=["model"]) if len(read) > 1 else [])]
    suites = list(dict.fromkeys(name for scores in tests for name in scores))
    run_names = [[_name(run, key) for key in keys] for run in read]
    columns = [[Cell(_seconds(run)) for run in read]]
    for suite in suites:
        values = [_number(scores.get(suite, {}).get(metric)) for scores in tests]
        best = best_shown(values, lower=_lower(metric))
        columns.append([Cell(score_text(v), n in best) for n, v in enumerate(values)])
    rows = [
        [*map(Cell, name), *cells]
        for name, cells in zip(run_names, zip(*columns, strict=True), strict=True)
    ]
    title = f"{metric} by suite{_synthetic_note(read)}"
    failed = [
        " ".join(f"{key}={value}" for key, value in zip(keys, name, strict=True) if value)
        + f" ({run.folder}): {run.error}"
        for run, name in zip(read, run_names, strict=True)
        if run.error
    ]
    head = [*keys, "seconds", *(suite.replace("_", "\n") for suite in suites)]
    return RunTables([TextTable(title, head, rows, len(keys))], [], failed)


def _name(run: Run, key: str) -> str:
    found = run.setting(key)
    return (run.folder.name if key == "model" else "") if found is None else found


def _seconds(run: Run) -> str:
    train = run.metrics.get("train")
    seconds = _number(train.get("seconds")) if isinstance(train, dict) else None
    return run.state if run.error else score_text(seconds, 0)


def _tests(run: Run) -> dict[str, Any]:
    tests = run.metrics.get("test")
    tests = tests if isinstance(tests, dict) else {}
    return {name: scores for name, scores in tests.items() if isinstance(scores, dict)}


def _has(tests: dict[str, Any], metric: str) -> bool:
    return any(_number(scores.get(metric)) is not None for scores in tests.values())


def _number(value: Any) -> float | None:
    """Return `value` if it is a finite number, else None: a corrupt file may contain any value."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and abs(value) <= sys.float_info.max else None


def _require_setting(runs: Sequence[Run], option: str, key: str) -> None:
    if any(run.setting(key) is not None for run in runs):
        return
    names = _in_order(name for run in runs for name in run.settings())
    siblings = [name for name in names if name.rpartition(".")[0] == key.rpartition(".")[0]]
    allowed = ", ".join((siblings or [name for name in names if "." not in name])[:40])
    raise InputError(f"{option} {key}: no run has this setting; there are: {allowed}")


def _collect(
    runs: Sequence[Run], keys: Sequence[str], metrics: Sequence[str], notes: list[str]
) -> tuple[dict[tuple[str, str], dict[str, float]], list[str]]:
    """Return the scores by cell and seed, and notes on missing ones."""
    finished = [run for run in runs if run.finished]
    if not finished:
        raise InputError(f"none of the {len(runs)} runs has finished")
    scores: dict[tuple[str, str], dict[str, float]] = {}
    missing: list[str] = []
    for metric in metrics:
        absent, undefined, errors = [], [], []
        for run in finished:
            try:
                value = score_at(run.metrics, metric)
            except InputError as error:
                absent.append(run.folder.name)
                errors.append(error)
                continue
            if value is None:
                undefined.append(run.folder.name)
                continue
            places = [run.setting(key) or "–" for key in keys]
            cell = (places[0], places[1] if len(places) > 1 else metric)
            scores.setdefault(cell, {})[run.seed] = value
        if len(absent) == len(finished):
            raise errors[0]
        for problem, names in (("without", absent), ("with undefined", undefined)):
            if names:
                missing.append(f"{len(names)} finished runs {problem} {metric}: {', '.join(names)}")
    return scores, missing


def _in_order(names: Iterable[str | None]) -> list[str]:
    """Return distinct names: numbers sorted by value, other names in the given order."""
    found = list(dict.fromkeys("–" if name is None else name for name in names))
    try:
        return sorted(found, key=float)
    except ValueError:
        return found


def _lower(metric: str) -> bool:
    return any(part in LOWER_IS_BETTER for part in metric.split("."))


def best_shown(values: Sequence[float | None], *, lower: bool, digits: int = 3) -> set[int]:
    """Return the indices of the best values after rounding to the shown digits."""
    shown = {n: round(value, digits) for n, value in enumerate(values) if value is not None}
    best = (min if lower else max)(shown.values(), default=None)
    return {n for n, value in shown.items() if value == best}


def _paired_tests(table: SeedTable, baseline: str, lower: dict[str, bool]) -> list[PairedTest]:
    if baseline == NONE or len(table.rows) < 2:
        return []
    if baseline not in (FIRST, BEST) and baseline not in table.rows:
        allowed = ", ".join([*table.rows, FIRST, BEST, NONE])
        raise InputError(f"--baseline {baseline}: must be one of {allowed}")
    found: list[PairedTest] = []
    for column in table.columns:
        against = table.rows[0] if baseline == FIRST else baseline
        if baseline == BEST:
            means = {row: cell.mean for row in table.rows if (cell := table.cells[row, column])}
            if not means:
                continue
            against = (min if lower[column] else max)(means, key=lambda row: means[row])
        base = table.scores.get((against, column), {})
        for row in table.rows:
            mine = table.scores.get((row, column), {})
            pairs = [mine[seed] - base[seed] for seed in mine if seed in base]
            if row != against and pairs:
                difference, p = float(np.mean(pairs)), sign_flip_test(pairs)
                found.append(PairedTest(row, column, against, difference, len(pairs), p, p))
    adjusted = holm([test.p for test in found])
    return [replace(test, adjusted=q) for test, q in zip(found, adjusted, strict=True)]


def _explained(table: SeedTable, lower: dict[str, bool]) -> list[str]:
    methods = {cell.method for cell in table.cells.values() if cell is not None}
    notes = []
    if "t" in methods:
        few = f"fewer than {FEW_SEEDS} seeds" if "bca" in methods else "over seeds"
        notes.append(f"±: 95 % interval of the mean, Student's t ({few})")
    if "bca" in methods:
        notes.append("in brackets: 95 % interval of the mean, BCa bootstrap over seeds")
    if "" in methods:
        notes.append("a mean of one seed has no interval")
    downwards = [column for column in table.columns if lower[column]]
    if downwards:
        all_of = len(downwards) == len(table.columns)
        notes.append(f"lower is better{'' if all_of else ' in ' + ', '.join(downwards)}")
    if table.tests:
        notes.append(
            f"p: two-sided sign-flip test over paired seeds; Holm: corrected for the "
            f"{len(table.tests)} tests of this table"
        )
        words = too_few(max(test.num_pairs for test in table.tests), len(table.tests))
        notes += [words] if words else []
    return notes


def _synthetic_note(runs: Sequence[Run]) -> str:
    synthetic = [run.synthetic for run in runs]
    return f" ({'' if all(synthetic) else 'partly '}{SYNTHETIC})" if any(synthetic) else ""


def _failure(run: Run, keys: Sequence[str]) -> str:
    which = " ".join(f"{key}={value}" for key in keys if (value := run.setting(key)) is not None)
    return f"{which} seed={run.seed} ({run.folder}): {run.error}"
