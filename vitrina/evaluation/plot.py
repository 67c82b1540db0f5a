"""Plots with matplotlib: shared axes and curves, and the scores of a run against noise level."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.evaluation.evaluate import Evaluation
from vitrina.evaluation.tables import SYNTHETIC, innocent_rows
from vitrina.files import replacement

CLEAN = "clean"
TITLES = {"level": "published noise", "uniform": "label-independent noise"}
HEADINGS = {"f1": "F1", "roc_auc": "ROC-AUC"}
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Color-blind safe palette (Okabe and Ito 2008)."""
MARKERS = "os^DvP"


def new_figure(size: tuple[float, float], panels: int, **options: Any) -> tuple[Any, Any]:
    """Return a figure and its axes [1, panels].

    Args:
        size: inches. options: for `Figure.subplots`.
    """
    from matplotlib.figure import Figure  # pyplot would open windows and keep global state

    figure = Figure(figsize=size, dpi=120, layout="constrained")
    all_axes = figure.subplots(1, panels, squeeze=False, **options)
    for axes in all_axes.flat:
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, all_axes


def draw_curve(
    axes: Any,
    number: int,
    name: str,
    x: Sequence[float] | np.ndarray,
    y: Sequence[float] | np.ndarray,
    band_x: Sequence[float] | np.ndarray = (),
    low: Sequence[float] | np.ndarray = (),
    high: Sequence[float] | np.ndarray = (),
) -> None:
    """Draw a line with markers and optionally a band.

    Args:
        number: index of the line, which selects color and marker.
    """
    color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
    axes.plot(x, y, color=color, marker=marker, markersize=4, label=plain_label(name))
    if len(band_x) == 1:
        axes.vlines(band_x, low, high, color=color)
    elif len(band_x):
        axes.fill_between(band_x, low, high, color=color, alpha=0.15, linewidth=0)


def save_figure(
    figure: Any, path: Path, legend_columns: int, metadata: dict[str, str] | None = None
) -> None:
    """Write a PNG with the legend of the first panel below the axes.

    Args:
        metadata: text that the file holds, by key.

    Raises:
        InputError: if the file cannot be written.
    """
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, labels, loc="outside lower center", ncols=legend_columns, frameon=False
        )
    with replacement(path) as temporary:
        figure.savefig(temporary, format="png", metadata=metadata)


def plain_label(text: str) -> str:
    r"""Escape text for matplotlib, where `$` starts a formula and a leading `_` hides a label.

    >>> plain_label("_cost in $")
    'cost in \\$'
    """
    return text.replace("$", r"\$").lstrip("_") or "–"


def series(names: list[str]) -> dict[str, dict[int, str]]:
    """Group suite names that end in a level by series; the number of `unseen_30` is no level.

    >>> series(["clean", "level_1", "level_2", "unseen_30"])
    {'level': {1: 'level_1', 2: 'level_2'}}
    """
    found: dict[str, dict[int, str]] = {}
    for name in names:
        match = re.fullmatch(r"(.+?)[_-]?(\d{1,3})", name)
        if match and match[1] != "unseen":
            found.setdefault(match[1], {})[int(match[2])] = name
    return found


def draw_levels(evaluation: Evaluation, path: Path, *, title: str, synthetic: bool) -> bool:
    """Write a PNG with F1 and ROC-AUC against noise level; return False if neither is scored.

    Tasks without F1 show the scores of their table. Level 0 is the clean text. Bands are 95 %
    intervals. Suites without a level are dotted horizontal lines.
    """
    from matplotlib.ticker import MaxNLocator

    lines = series(list(evaluation.suites))
    in_series = {name for line in lines.values() for name in line.values()}
    single = [name for name in evaluation.suites if name not in in_series and name != CLEAN]
    task_metrics = evaluation.task_metrics
    headings = HEADINGS if "f1" in task_metrics.metrics else task_metrics.headings
    if not headings or not (lines or single):
        return False
    figure, all_axes = new_figure((10, 4.4), len(headings))
    for axes, (metric, heading) in zip(all_axes.flat, headings.items(), strict=True):
        for number, (name, line) in enumerate(lines.items()):
            _draw_series(axes, evaluation, metric, number, name, line)
        for index, name in enumerate(single):
            value = evaluation.suites[name].scores[metric]
            gray = str(0.25 + 0.15 * (index % 4))
            if np.isfinite(value):
                axes.axhline(value, color=gray, linestyle=":", label=plain_label(name))
        axes.set_xlabel("noise level (0: clean)")
        axes.set_ylabel(heading)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.suptitle(plain_label(title + (f" ({SYNTHETIC})" if synthetic else "")))
    save_figure(figure, path, 3)
    return True


def draw_innocent(section: Mapping[str, Any], path: Path, *, title: str, synthetic: bool) -> None:
    """Write a PNG with the false alarms of each suite of innocent text, at 5 % and at 1 %.

    Bars are 95 % intervals; dotted lines are the rates on the clean test texts.
    """
    rows = innocent_rows(section)
    figure, all_axes = new_figure((8, 1.5 + 0.22 * len(rows)), 1)
    (axes,) = all_axes.flat
    for number, (point, label) in enumerate((("at_5", "at 5 %"), ("at_1", "at 1 %"))):
        places = np.arange(len(rows)) + 0.25 * (number - 0.5)
        rates = np.array([found[point] for _, found in rows])
        ends = np.array([found["intervals"][point] for _, found in rows])
        color, marker = COLORS[number], MARKERS[number]
        axes.hlines(places, ends[:, 0], ends[:, 1], color=color)
        axes.plot(rates, places, marker, color=color, markersize=4, label=label)
        axes.axvline(section["clean"][point], color=color, linestyle=":")
    axes.set_yticks(np.arange(len(rows)), [plain_label(name) for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("benign texts called toxic")
    figure.suptitle(plain_label(title + (f" ({SYNTHETIC})" if synthetic else "")))
    save_figure(figure, path, 2)


def _draw_series(
    axes: Any, evaluation: Evaluation, metric: str, number: int, name: str, line: dict[int, str]
) -> None:
    points = {0: CLEAN} if CLEAN in evaluation.suites else {}
    points |= dict(sorted(line.items()))
    levels = list(points)
    suites = [evaluation.suites[suite] for suite in points.values()]
    values = [suite.scores[metric] for suite in suites]
    bands: list[Any] = []
    if all(metric in suite.intervals for suite in suites):
        bands = [levels, *zip(*(suite.intervals[metric] for suite in suites), strict=True)]
    draw_curve(axes, number, TITLES.get(name, name), levels, values, *bands)
