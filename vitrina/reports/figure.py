"""Plots tables over seeds: a panel per table, a line per row, the columns on the x axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import require
from vitrina.evaluation.plot import draw_curve, new_figure, plain_label, save_figure
from vitrina.reports.table import SeedTable


def draw_tables(
    tables: Sequence[SeedTable],
    headings: Sequence[str],
    path: Path,
    metadata: dict[str, str] | None = None,
) -> None:
    """Write a PNG of `tables`, which have the same rows and columns; bands are intervals.

    Numeric columns are placed at their values, other columns at equal distances.

    Args:
        headings: name of the score of each table.
        metadata: text that the file holds, by key.

    Raises:
        InputError: if `path` does not end in .png or cannot be written.
    """
    require(path.suffix == ".png", "--picture", str(path), "a file that ends in .png")
    figure, panels = new_figure((1.6 + 3.6 * len(tables), 3.8), len(tables), sharey=True)
    for axes, table, heading in zip(panels.flat, tables, headings, strict=True):
        _draw(axes, table)
        axes.set_title(plain_label(heading), fontsize=10)
        axes.set_xlabel(plain_label(table.column_key))
    save_figure(figure, path, 4, metadata)


def _draw(axes: Any, table: SeedTable) -> None:
    try:
        places = [float(name) for name in table.columns]
        axes.set_xticks(places, [f"{place:g}" for place in places])
    except ValueError:
        places = [float(n) for n in range(len(table.columns))]
        axes.set_xticks(places, [plain_label(name) for name in table.columns])
    order = np.argsort(places, kind="stable")
    for number, row in enumerate(table.rows):
        cells = [(places[n], table.cells[row, table.columns[n]]) for n in order]
        known = [(x, cell.mean, cell.low, cell.high) for x, cell in cells if cell is not None]
        if known:
            x, mean, low, high = zip(*known, strict=True)
            draw_curve(axes, number, row, x, mean, x, low, high)
