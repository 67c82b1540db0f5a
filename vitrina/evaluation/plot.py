"""The picture of a run: score against noise level, a line for each series of suites."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vitrina.evaluation.report import SYNTHETIC
from vitrina.files import replacement

if TYPE_CHECKING:
    from vitrina.evaluation.evaluate import Evaluation

CLEAN = "clean"
TITLES = {"level": "published noise", "uniform": "label-independent noise"}
HEADINGS = {"f1": "F1", "roc_auc": "ROC-AUC"}
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Told apart by people with any colour vision (Okabe and Ito 2008)."""


def series(names: list[str]) -> dict[str, dict[int, str]]:
    """Suites by series and level: names that end in a number after a line or `level`.

    `level_1`, `level_2`, `file_level_1` give `{"level": {1: …, 2: …}, "file_level": {1: …}}`. The
    number of `unseen_30` is a share and no level.
    """
    found: dict[str, dict[int, str]] = {}
    for name in names:
        match = re.fullmatch(r"(.+?)[_-]?(\d{1,3})", name)
        if match and match[1] != "unseen":
            found.setdefault(match[1], {})[int(match[2])] = name
    return found


def draw_levels(evaluation: Evaluation, path: Path, *, title: str, synthetic: bool) -> bool:
    """Write a PNG with F1 and ROC-AUC against the level of noise; whether there was any to draw.

    Where nothing is said that has an F1, with the scores of the table of a run.

    Level 0 is the clean text. Bands are the 95 % intervals. Suites without a level are dotted
    horizontal lines.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # no pyplot: no window, no global state
    from matplotlib.ticker import MaxNLocator

    lines = series(list(evaluation.suites))
    levelled = {name for line in lines.values() for name in line.values()}
    single = [name for name in evaluation.suites if name not in levelled and name != CLEAN]
    headings = (
        HEADINGS if "f1" in evaluation.task_metrics.metrics else evaluation.task_metrics.shown
    )
    if not headings or not (lines or single):
        return False
    figure = Figure(figsize=(10, 4.4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    (all_axes,) = figure.subplots(1, len(headings), squeeze=False)
    for axes, (metric, heading) in zip(all_axes, headings.items(), strict=True):
        for (name, line), colour in zip(lines.items(), _cycle(len(lines)), strict=True):
            _draw_line(axes, evaluation, metric, name, line, colour)
        for index, name in enumerate(single):
            value = evaluation.suites[name].scores[metric]
            grey = str(0.25 + 0.15 * (index % 4))
            if np.isfinite(value):
                axes.axhline(value, color=grey, linestyle=":", label=_escape(name))
        axes.set_xlabel("noise level (0: clean)")
        axes.set_ylabel(heading)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = all_axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(_escape(title + (f" ({SYNTHETIC})" if synthetic else "")))
    with replacement(path) as temporary:
        figure.savefig(temporary, format="png")
    return True


def _draw_line(axes, evaluation: Evaluation, metric: str, name: str, line: dict, colour) -> None:
    points = {0: CLEAN} if CLEAN in evaluation.suites else {}
    points |= dict(sorted(line.items()))
    levels = list(points)
    suites = [evaluation.suites[suite] for suite in points.values()]
    values = [suite.scores[metric] for suite in suites]
    label = _escape(TITLES.get(name, name))
    axes.plot(levels, values, marker="o", markersize=4, color=colour, label=label)
    if all(metric in suite.intervals for suite in suites):
        low, high = zip(*(suite.intervals[metric] for suite in suites), strict=True)
        axes.fill_between(levels, low, high, color=colour, alpha=0.12, linewidth=0)


def _cycle(count: int) -> list[str]:
    return [COLOURS[index % len(COLOURS)] for index in range(count)]


def _escape(text: str) -> str:
    """Dollar signs would start a formula; a leading line would hide a label."""
    return text.replace("$", r"\$").lstrip("_") or "–"
