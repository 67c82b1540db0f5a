"""Charts as SVG inside the page: their colours follow the page's, their text stays readable.

A chart is as wide as a phone's screen in its own units, so that its letters are as large as the
page's there. Curves are told apart by dashes and markers too, not by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from vitrina.reports.document import Html, bullets, element, escaped, join

WIDTH, HEIGHT = 360, 240
SMALL_HEIGHT = 200
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 14, 40
DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 2", "1 4")
NUM_COLOURS = 6

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A line of a chart.

    Attributes:
        points: x and y; those with an undefined y are left out.
        band: x, low and high, where known.
    """

    name: str
    points: Sequence[Point]
    band: Sequence[tuple[float, float, float]] = field(default=())


def line_chart(
    curves: Sequence[Curve],
    *,
    title: str,
    x_title: str,
    x_labels: dict[float, str] | None = None,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    diagonal: bool = False,
    even: float | None = None,
    height: int = HEIGHT,
    with_key: bool = True,
    heading: str = "h3",
) -> Html:
    """Curves with bands.

    Args:
        title: what is drawn, for those who do not see it and above the chart.
        x_labels: what stands at places of the x axis; by default the numbers themselves.
        diagonal: whether the line of equal x and y is dashed.
        even: a value of y that is marked by a dashed line, such as that of guessing.
        with_key: whether curves are named below, where there are several.
        heading: the element of the title.
    """
    curves = [Curve(c.name, _defined(c.points), _defined(c.band)) for c in curves]
    xs = sorted({x for curve in curves for x, _ in curve.points})
    if not xs:
        return element("p", f"{title}: undefined", class_="quiet")
    low, high = y_range or value_range(curves, even)
    left, right = x_range or (xs[0], xs[-1])
    frame = _Frame(left, right, low, high, height)
    parts = [_axes(frame, xs, x_labels, x_title)]
    if even is not None and low <= even <= high:
        y = frame.y(even)
        parts.append(
            Html(f'<line class="even" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        )
    if diagonal:
        ends = f'x1="{frame.x(left)}" y1="{frame.y(left)}" x2="{frame.x(right)}"'
        parts.append(Html(f'<line class="even" {ends} y2="{frame.y(right)}"/>'))
    for number, curve in enumerate(curves):
        parts.append(_curve(frame, curve, number))
    told = "; ".join(
        f"{curve.name}: " + ", ".join(f"{y:.3f} at {_number(x)}" for x, y in curve.points)
        for curve in curves
    )
    svg = element(
        "svg",
        join(parts),
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_label=f"{title}. {told}",
    )
    key = [legend([curve.name for curve in curves])] if with_key and len(curves) > 1 else []
    return element("figure", join([element(heading, title), svg, *key]))


def legend(names: Sequence[str]) -> Html:
    """Which curve is which."""
    items = []
    for number, name in enumerate(names):
        line = f'<line class="curve" x1="0" x2="30" y1="6" y2="6"{_dash(number)}/>'
        mark = _marker(number, 15, 6)
        sample = f'<svg viewBox="0 0 30 12" aria-hidden="true">{line}{mark}</svg>'
        items.append(Html(f'<span class="k{number % NUM_COLOURS}">{sample}</span> {escaped(name)}'))
    return bullets(items, "key")


def value_range(curves: Sequence[Curve], even: float | None = None) -> tuple[float, float]:
    """Round ends that hold all points and bands; within [0, 1] where the values are."""
    values = [y for curve in curves for _, y in curve.points]
    values += [end for curve in curves for _, *ends in curve.band for end in ends]
    values += [] if even is None else [even]
    if not values:
        return 0.0, 1.0
    points = [y for curve in curves for _, y in curve.points]
    low, high = min(values), max(values)
    if points and min(points) >= 0 and max(points) <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    step = 0.1 if high - low > 0.2 else 0.05
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return (low, high) if high > low else (low - step, high + step)


@dataclass(frozen=True)
class _Frame:
    left: float
    right: float
    low: float
    high: float
    height: int

    def x(self, value: float) -> float:
        share = (value - self.left) / (self.right - self.left) if self.right > self.left else 0.5
        return round(LEFT + 6 + share * (WIDTH - LEFT - RIGHT - 12), 1)

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.height - BOTTOM - share * (self.height - BOTTOM - TOP), 1)


def _axes(frame: _Frame, xs: Sequence[float], labels: dict[float, str] | None, title: str) -> Html:
    parts = []
    for tick in _ticks(frame.low, frame.high):
        y = frame.y(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(
            f'<text class="quiet" x="{LEFT - 5}" y="{y + 4}" text-anchor="end">{tick:g}</text>'
        )
    named = labels if labels is not None else {x: _number(x) for x in _thinned(xs)}
    for x, label in named.items():
        place = f'x="{frame.x(x)}" y="{frame.height - BOTTOM + 16}"'
        parts.append(f'<text class="quiet" {place} text-anchor="middle">{escaped(label)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    place = f'x="{middle}" y="{frame.height - 7}"'
    parts.append(f'<text class="quiet" {place} text-anchor="middle">{escaped(title)}</text>')
    return Html("".join(parts))


def _curve(frame: _Frame, curve: Curve, number: int) -> Html:
    parts = []
    if len(curve.band) > 1:
        upper = [f"{frame.x(x)},{frame.y(high)}" for x, _, high in curve.band]
        lower = [f"{frame.x(x)},{frame.y(low)}" for x, low, _ in reversed(curve.band)]
        parts.append(f'<polygon class="band" points="{" ".join(upper + lower)}"/>')
    elif curve.band:
        ((x, low, high),) = curve.band
        ends = f'y1="{frame.y(low)}" y2="{frame.y(high)}"'
        parts.append(f'<line class="curve" x1="{frame.x(x)}" x2="{frame.x(x)}" {ends}/>')
    places = [(frame.x(x), frame.y(y)) for x, y in curve.points]
    line = " ".join(f"{x},{y}" for x, y in places)
    parts.append(f'<polyline class="curve" points="{line}"{_dash(number)}/>')
    parts += [_marker(number, x, y) for x, y in places]
    return Html(f'<g class="k{number % NUM_COLOURS}">{"".join(parts)}</g>')


def _dash(number: int) -> str:
    dash = DASHES[number % len(DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _marker(number: int, x: float, y: float) -> str:
    shape = number % 3
    if shape == 0:
        return f'<circle class="dot" cx="{x}" cy="{y}" r="3.2"/>'
    if shape == 1:
        return f'<rect class="dot" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'
    return f'<path class="dot" d="M{x} {y - 4:.1f}l4 7h-8z"/>'


def _ticks(low: float, high: float) -> list[float]:
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1e3, 1e4, 1e6):
        if (high - low) / step <= 6:
            break
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 6) for number in range(first, last + 1)]


def _thinned(xs: Sequence[float]) -> Sequence[float]:
    every = -(-len(xs) // 7)
    return xs[::every]


def _number(x: float) -> str:
    return f"{x:g}"


def _defined(rows):
    return [row for row in rows if all(v is not None and math.isfinite(v) for v in row)]
