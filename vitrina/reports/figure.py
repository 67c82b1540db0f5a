"""A picture of tables over seeds: a line for each row along the columns, a panel for each table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import require
from vitrina.evaluation.plot import COLOURS
from vitrina.files import replacement
from vitrina.reports.table import SeedTable

MARKERS = ("o", "s", "^", "D", "v", "P")


def draw_tables(tables: Sequence[SeedTable], headings: Sequence[str], path: Path) -> None:
    """Write a PNG of `tables`, which have the same rows and columns; bands are their intervals.

    Columns that are all numbers stand at their places, others side by side.

    Args:
        headings: what the scores of each table are.

    Raises:
        InputError: if `path` does not end in .png, or cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # no pyplot: no window, no global state

    require(path.suffix == ".png", "--picture", str(path), "a file that ends in .png")
    figure = Figure(figsize=(1.6 + 3.6 * len(tables), 3.8), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    panels = np.atleast_1d(figure.subplots(1, len(tables), sharey=True))
    for axes, table, heading in zip(panels, tables, headings, strict=True):
        _draw(axes, table)
        axes.set_title(_plain(heading), fontsize=10)
        axes.set_xlabel(_plain(table.column_key))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    with replacement(path) as temporary:
        figure.savefig(temporary, format="png")


def _draw(axes: Any, table: SeedTable) -> None:
    places = _places(table.columns)
    if places is None:
        places = [float(n) for n in range(len(table.columns))]
        axes.set_xticks(places, [_plain(name) for name in table.columns])
    else:
        axes.set_xticks(places, [f"{place:g}" for place in places])
    order = np.argsort(places, kind="stable")
    for number, row in enumerate(table.rows):
        cells = [(places[n], table.cells[row, table.columns[n]]) for n in order]
        known = [(x, cell) for x, cell in cells if cell is not None]
        if not known:
            continue
        at = [x for x, _ in known]
        colour = COLOURS[number % len(COLOURS)]
        marker = MARKERS[number % len(MARKERS)]
        means = [cell.mean for _, cell in known]
        axes.plot(at, means, color=colour, marker=marker, markersize=4, label=_plain(row))
        low, high = [cell.low for _, cell in known], [cell.high for _, cell in known]
        axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)


def _places(columns: Sequence[str]) -> list[float] | None:
    try:
        return [float(name) for name in columns]
    except ValueError:
        return None


def _plain(text: str) -> str:
    """Dollar signs would start a formula; a leading line would hide a label."""
    return text.replace("$", r"\$").lstrip("_") or "–"
