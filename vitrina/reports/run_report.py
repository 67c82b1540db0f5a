"""HTML report of one run."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from vitrina.errors import InputError
from vitrina.evaluation.plot import HEADINGS
from vitrina.evaluation.tables import SERIES, SYNTHETIC, innocent_rows, score_text
from vitrina.reports.charts import Chart, Curve, line_chart
from vitrina.reports.curves import RunGroup, curve_parts, worst_families
from vitrina.reports.mistakes import ladder_part, mistakes_part, open_model
from vitrina.reports.page import PageTable, render
from vitrina.reports.predictions import (
    RunPredictions,
    calibration,
    confusion,
    label_counts,
    read_predictions,
    suites_of,
)
from vitrina.reports.runs import Run

SCORES = {
    "f1": "F1",
    "macro_f1": "macro F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "avg. prec.",
    "accuracy": "accuracy",
}
HARD = ("level_4", "level_3", "uniform_4", "level_2", "level_1")
"""Suites for the worst mistakes in order of preference."""


def run_report(run: Run, *, mistakes: int, suite: str | None = None, device: str = "auto") -> str:
    """Render the page of a finished run.

    Args:
        mistakes: number of worst mistakes to show.
        suite: suite of these mistakes; None: the first available one of `HARD`.

    Raises:
        InputError: if the run has not finished or the suite has no predictions.
    """
    if not run.finished:
        raise InputError(f"{run.folder}: {run.error}; a report requires a finished run")
    require_labels(run)
    group = RunGroup("", [run])
    report = run_parts(run, hard_suite(run, suite)) | texts_part(run, suite, mistakes, device)
    report |= curve_parts([group])
    report["worst"] = [f"Lowest {score}: {where}" for _, score, where in worst_families([group])]
    sections = {
        "scores": "Scores",
        "innocent": "Innocent text",
        "curves": "Curves",
        "attacks": "Attacks",
        "confusion": "Confusion and calibration",
        "ladder": "One text at each level",
        "mistakes": "Worst mistakes",
        "reproduction": "Reproduction",
    }
    for name in ("innocent", "attacks", "mistakes"):
        if not report[name]:
            del sections[name]
    note = f" · {SYNTHETIC}: the scores do not apply to real comments" if run.synthetic else ""
    subtitle = f"seed {run.seed} · {run.record.get('started', 'start not recorded')}{note}"
    title = f"{run.folder.parent.name} / {run.folder.name}"
    return render("run", title=title, subtitle=subtitle, sections=sections, report=report)


def run_parts(run: Run, suite: str | None) -> dict[str, Any]:
    """Return the template values of a run, except those on single texts.

    Args:
        suite: suite for confusion and calibration in addition to the clean texts.
    """
    names = run.metrics.get("test", {})
    series = [text for start, text in SERIES.items() if any(n.startswith(start) for n in names)]
    return {
        "headline": headline(run),
        "scores": scores_table(run),
        "innocent": innocent_part(run),
        "series": series,
        "confusion": confusion_part(run, suite),
        "reproduction": reproduction_part(run),
    }


def texts_part(run: Run, suite: str | None, mistakes: int, device: str) -> dict[str, Any]:
    """Return the template values on single texts of a run."""
    model = open_model(run, device)
    chosen = hard_suite(run, suite)
    shown = mistakes_part(run, chosen, mistakes, model) if mistakes else None
    return {"ladder": ladder_part(run, model), "mistakes": shown}


def require_labels(run: Run) -> None:
    """Check that the run predicts labels.

    Raises:
        InputError: if it is a pre-training run.
    """
    if run.task and not run.task.needs_labels:
        raise InputError(
            f"{run.folder}: a pre-training run predicts no labels, which a report requires; see "
            "tools/table.py for its scores and masked.png for its reconstructions"
        )


def hard_suite(run: Run, wanted: str | None) -> str | None:
    """Return the suite for the worst mistakes; None if the run has no predictions.

    Raises:
        InputError: if the suite `wanted` has no predictions.
    """
    known = suites_of(run)
    if wanted is not None and wanted not in known:
        allowed = ", ".join(known) or "none (evaluation.predictions = false)"
        raise InputError(f"--suite {wanted}: must be one with predictions: {allowed}")
    if wanted is not None or not known:
        return wanted
    return next((name for name in HARD if name in known), known[-1])


def headline(run: Run) -> list[tuple[str, str]]:
    """Return the most important numbers with their captions."""
    tests, train = run.metrics.get("test", {}), run.metrics.get("train", {})
    cards = [
        (score_text(tests[name][metric]), f"{heading}, {name.replace('_', ' ')}")
        for name in ("clean", HARD[0])
        for metric, heading in HEADINGS.items()
        if metric in tests.get(name, {})
    ]
    if "seconds" in train:
        cards.append((f"{train['seconds']:,.0f} s", "training"))
    if "num_parameters" in train:
        cards.append((f"{train['num_parameters']:,}", "parameters"))
    return cards


def scores_table(run: Run) -> PageTable:
    """Return the scores of all suites with their intervals."""
    rows = []
    for name, test in run.metrics.get("test", {}).items():
        cells = [name]
        for metric in SCORES:
            ends = test.get("intervals", {}).get(metric)
            known = ends and None not in ends
            interval = f" [{ends[0]:.3f}–{ends[1]:.3f}]" if known else ""
            cells.append(score_text(test.get(metric)) + interval)
        rows.append([*cells, f"{int(test.get('count', 0)):,}"])
    caption = "Scores on the test texts; in brackets: 95 % interval over texts (bootstrap)"
    return PageTable(caption, ["suite", *SCORES.values(), "count"], rows)


def innocent_part(run: Run) -> PageTable | None:
    """Return the false alarms on innocent text; None if the run has no such suites."""
    section = run.metrics.get("innocent")
    if not section:
        return None
    rows = []
    for title, found in innocent_rows(section):
        cells = [title, f"{found['count']:,}"]
        for point in ("run", "at_5", "at_1"):
            low, high = found["intervals"][point]
            known = low is not None and high is not None
            interval = f" [{low:.3f}–{high:.3f}]" if known else ""
            cells.append(score_text(found[point]) + interval)
        rows.append([*cells, found.get("source", "")])
    caption = "Share of benign texts called toxic; in brackets: 95 % interval (Wilson)"
    head = ["benign texts", "count", "threshold of the run", "at 5 %", "at 1 %", "source"]
    return PageTable(caption, head, rows, words=[5])


def confusion_part(run: Run, chosen: str | None) -> dict[str, Any]:
    """Return confusion and calibration on the clean texts and the chosen suite, or a `notice`."""
    if chosen is None:
        return {"notice": "No predictions were written (evaluation.predictions = false)."}
    names = [name for name in dict.fromkeys(["clean", chosen]) if name in suites_of(run)]
    try:
        found = [read_predictions(run, name) for name in names]
    except InputError as error:
        return {"notice": str(error)}
    tables = [_label_table(each) if each.sets else _confusion(each) for each in found]
    return {"notice": "", "tables": tables, "charts": list(map(_reliability, found))}


def _confusion(predictions: RunPredictions) -> PageTable:
    counts = confusion(predictions)
    head = ["true class", *(f"predicted {name}" for name in predictions.names), "recall"]
    recalls = [row[n] / row.sum() if row.sum() else math.nan for n, row in enumerate(counts)]
    rows = [
        [name, *(f"{count:,}" for count in row), score_text(recall)]
        for name, row, recall in zip(predictions.names, counts.tolist(), recalls, strict=True)
    ]
    return PageTable(f"Texts by true class and predicted class ({predictions.suite})", head, rows)


def _label_table(predictions: RunPredictions) -> PageTable:
    head = ["label", "true positives", "false positives", "false negatives", "true negatives"]
    counts = label_counts(predictions).tolist()
    named = zip(predictions.names, counts, strict=True)
    rows = [[name, *(f"{count:,}" for count in row)] for name, row in named]
    return PageTable(f"Texts by label ({predictions.suite})", head, rows)


def _reliability(predictions: RunPredictions) -> Chart:
    found = calibration(*predictions.calibration_pairs)
    points = list(zip(found.mean_probability.tolist(), found.share_true.tolist(), strict=True))
    title = f"Calibration, {predictions.suite}: ECE {found.ece:.3f}, Brier {found.brier:.3f}"
    return line_chart(
        [Curve("observed frequency", points)],
        title=title,
        x_title="predicted probability",
        x_ticks=np.linspace(0, 1, 6).tolist(),
        y_range=(-0.05, 1.05),
        diagonal=True,
    )


def reproduction_part(run: Run) -> dict[str, Any]:
    """Return the commands that repeat the run, and its record."""
    record, git = run.record, run.record.get("git")
    commit = ""
    if isinstance(git, Mapping):
        changed = ", with uncommitted changes" if git.get("changed") else ""
        commit = f"{git.get('commit')}{changed}"
    tables = [
        PageTable(title, [first, second], [[str(k), str(v)] for k, v in found.items()], words=[1])
        for title, first, second, found in (
            ("Versions", "name", "versions", record.get("versions")),
            ("Hashes of data and fonts", "name", "hashes", record.get("hashes")),
            ("Options", "group", "option", run.choices),
        )
        if isinstance(found, Mapping) and found
    ]
    return {
        "commands": commands(run),
        "commit": commit,
        "notes": [str(note) for note in record.get("notes", [])],
        "tables": tables,
        "settings": OmegaConf.to_yaml(OmegaConf.create(run.config)) if run.config else "",
    }


def commands(run: Run) -> list[str]:
    """Return the command of this run alone, and the one that started it if it is different."""
    overrides = [str(each) for each in run.record.get("overrides", [])]
    own = [each for each in overrides if not each.startswith("hydra.")]
    alone = shlex.join(["python", "main.py", *own])
    given = start_command(run)
    return [alone, given] if given and given != alone else [alone]


def start_command(run: Run) -> str:
    """Return the command that started the run; empty if unknown."""
    given = str(run.record.get("command", ""))
    return f"python {given}" if given.startswith("main.py") else given
