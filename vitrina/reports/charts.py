"""Line charts as SVG images with matplotlib.

Curves differ in marker and color. The page inverts the images in dark mode.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np

from vitrina.evaluation.plot import draw_curve, new_figure, plain_label
from vitrina.reports.page import displayable

SIZE, SMALL_SIZE = (3.75, 2.5), (3.75, 2.0)
"""Inches; about the width of a phone screen in the page."""


@dataclass(frozen=True)
class Curve:
    """A line of a chart.

    Attributes:
        points: (x, y); points with undefined y are skipped.
        band: (x, low, high) where known.
    """

    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True)
class Chart:
    """A drawn chart.

    Attributes:
        image: SVG as a data URI; empty if no point is defined.
        description: title and points as alternative text for screen readers.
        names: names of the curves, in order.
    """

    title: str
    image: str
    description: str
    names: list[str]


def line_chart(
    curves: Sequence[Curve],
    *,
    title: str,
    x_title: str,
    x_ticks: Sequence[float] | None = None,
    y_range: tuple[float, float] | None = None,
    diagonal: bool = False,
    chance: float | None = None,
    size: tuple[float, float] = SIZE,
) -> Chart:
    """Draw curves with bands.

    Args:
        x_ticks: tick positions; by default matplotlib chooses them.
        y_range: by default `value_range`.
        diagonal: draw the dashed line y = x.
        chance: y of a dashed horizontal line.
    """
    curves = [Curve(c.name, _defined(c.points), _defined(c.band)) for c in curves]
    names = [curve.name for curve in curves]
    if not any(curve.points for curve in curves):
        return Chart(title, "", "", names)
    figure, ((axes,),) = new_figure(size, 1)
    for number, curve in enumerate(curves):
        draw_curve(axes, number, "", *_columns(curve.points, 2), *_columns(curve.band, 3))
    if chance is not None:
        axes.axhline(chance, color="0.5", linestyle="--", linewidth=1)
    if diagonal:
        axes.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1)
    if x_ticks is not None:
        axes.set_xticks(x_ticks)
    axes.set_ylim(y_range or value_range(curves, chance))
    axes.set_xlabel(plain_label(displayable(x_title)))
    described = "; ".join(
        f"{curve.name}: " + ", ".join(f"{y:.3f} at {x:g}" for x, y in curve.points)
        for curve in curves
    )
    return Chart(title, _svg_uri(figure), f"{title}. {described}", names)


def value_range(curves: Sequence[Curve], chance: float | None = None) -> tuple[float, float]:
    """Return the range of all points and bands with a margin.

    If all points are in [0, 1], bands are clipped to it.
    """
    points = [y for curve in curves for _, y in curve.points]
    values = points + [end for curve in curves for _, *ends in curve.band for end in ends]
    values += [] if chance is None else [chance]
    low, high = min(values, default=0.0), max(values, default=1.0)
    if points and min(points) >= 0 and max(points) <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    margin = 0.05 * (high - low) or 0.05
    return low - margin, high + margin


def _svg_uri(figure: Any) -> str:
    file = io.BytesIO()
    # Text is not converted to paths, and equal charts give equal bytes.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "vitrina"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _columns(rows: Sequence[Sequence[float]], count: int) -> np.ndarray:
    return np.array(rows, dtype=np.float64).reshape(-1, count).T


def _defined(rows: Sequence[Any]) -> list[Any]:
    return [row for row in rows if all(v is not None and math.isfinite(v) for v in row)]
