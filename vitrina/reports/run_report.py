"""The report of one run."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from vitrina.errors import InputError
from vitrina.evaluation.plot import HEADINGS
from vitrina.evaluation.tables import SERIES, SYNTHETIC, score_text
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
"""Suites whose mistakes are shown, the first that there is."""


def run_report(run: Run, *, mistakes: int, suite: str | None = None, device: str = "auto") -> str:
    """The whole page of a finished run.

    Args:
        mistakes: how many of the worst mistakes are shown.
        suite: the suite of these mistakes; None: the hardest of the ordinary ones.

    Raises:
        InputError: if the run has not finished, or has no such suite.
    """
    if not run.finished:
        raise InputError(f"{run.folder}: {run.error}; a report needs a finished run")
    require_labels(run)
    group = RunGroup("", [run])
    report = run_parts(run, hard_suite(run, suite)) | texts_part(run, suite, mistakes, device)
    report |= curve_parts([group])
    report["worst"] = [f"Lowest {score}: {where}" for _, score, where in worst_families([group])]
    sections = {
        "scores": "Scores",
        "curves": "Curves",
        "attacks": "Attacks",
        "confusion": "Confusion and calibration",
        "ladder": "One text at each level",
        "mistakes": "Worst mistakes",
        "made": "How it was made",
    }
    for name in ("attacks", "mistakes"):
        if not report[name]:
            del sections[name]
    note = f" · {SYNTHETIC}: its scores do not hold for real comments" if run.synthetic else ""
    subtitle = f"seed {run.seed} · {run.record.get('started', 'start not recorded')}{note}"
    title = f"{run.folder.parent.name} / {run.folder.name}"
    return render("run", title=title, subtitle=subtitle, sections=sections, report=report)


def run_parts(run: Run, suite: str | None) -> dict[str, Any]:
    """Values for the page about a run, those about single texts apart.

    Args:
        suite: whose predictions are shown with the clean ones.
    """
    names = run.metrics.get("test", {})
    series = [what for start, what in SERIES.items() if any(n.startswith(start) for n in names)]
    return {
        "headline": headline(run),
        "scores": scores_table(run),
        "series": series,
        "judged": judged(run, suite),
        "made": made(run),
    }


def texts_part(run: Run, suite: str | None, mistakes: int, device: str) -> dict[str, Any]:
    """Values for the page about single texts of a run."""
    model = open_model(run, device)
    chosen = hard_suite(run, suite)
    shown = mistakes_part(run, chosen, mistakes, model) if mistakes else None
    return {"ladder": ladder_part(run, model), "mistakes": shown}


def require_labels(run: Run) -> None:
    """
    Raises:
        InputError: if the run was pre-trained alone: a report shows predicted labels.
    """
    if run.setting("task") == "pretraining":
        raise InputError(
            f"{run.folder}: was pre-trained and predicts no labels, which a report needs; "
            "tools/table.py shows its scores, masked.png what it restores"
        )


def hard_suite(run: Run, wanted: str | None) -> str | None:
    """The suite whose mistakes are shown; None where no predictions were written.

    Raises:
        InputError: if the wanted one has none.
    """
    known = suites_of(run)
    if wanted is not None and wanted not in known:
        allowed = ", ".join(known) or "none, as evaluation.predictions was false"
        raise InputError(f"--suite {wanted}: must be one with predictions: {allowed}")
    if wanted is not None or not known:
        return wanted
    return next((name for name in HARD if name in known), known[-1])


def headline(run: Run) -> list[tuple[str, str]]:
    """The few numbers that matter most, and what each is."""
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
    """All suites with the scores and their intervals."""
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


def judged(run: Run, chosen: str | None) -> dict[str, Any]:
    """Confusion and calibration of the clean texts and of the chosen suite, or a `notice`."""
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
    found = calibration(*predictions.judged)
    points = list(zip(found.mean_probability.tolist(), found.share_true.tolist(), strict=True))
    title = f"Calibration, {predictions.suite}: ECE {found.ece:.3f}, Brier {found.brier:.3f}"
    return line_chart(
        [Curve("share that is true", points)],
        title=title,
        x_title="probability given",
        x_ticks=np.linspace(0, 1, 6).tolist(),
        y_range=(-0.05, 1.05),
        diagonal=True,
    )


def made(run: Run) -> dict[str, Any]:
    """The commands that make the run again, and its record."""
    record, git = run.record, run.record.get("git")
    commit = ""
    if isinstance(git, Mapping):
        changed = ", with changes that were not committed" if git.get("changed") else ""
        commit = f"{git.get('commit')}{changed}"
    tables = [
        PageTable(title, [first, second], [[str(k), str(v)] for k, v in found.items()], words=[1])
        for title, first, second, found in (
            ("Versions", "name", "versions", record.get("versions")),
            ("Hashes of data and fonts", "name", "hashes", record.get("hashes")),
            ("Options of the groups", "group", "option", run.choices),
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
    """The command of this run alone, and the one that started it where that is another."""
    overrides = [str(each) for each in run.record.get("overrides", [])]
    own = [each for each in overrides if not each.startswith("hydra.")]
    alone = shlex.join(["python", "main.py", *own])
    given = started(run)
    return [alone, given] if given and given != alone else [alone]


def started(run: Run) -> str:
    """The command that started the run; empty if it is not known."""
    given = str(run.record.get("command", ""))
    return f"python {given}" if given.startswith("main.py") else given
