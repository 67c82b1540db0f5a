"""Charts and tables of noise curves and attacks, for one run or for groups of seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vitrina.evaluation.plot import CLEAN, HEADINGS, TITLES, series
from vitrina.evaluation.tables import score_text
from vitrina.reports.charts import SMALL_SIZE, Chart, Curve, line_chart, value_range
from vitrina.reports.page import PageTable
from vitrina.reports.runs import Run
from vitrina.reports.statistics import mean_over_seeds

FAMILY_METRICS = ("f1", "roc_auc")

Score = tuple[float | None, Any]
"""A score of one run and its interval; None if unknown."""


@dataclass(frozen=True)
class RunGroup:
    """Finished runs that differ only in their seed; `name` identifies their settings."""

    name: str
    runs: Sequence[Run]


def curve_parts(groups: Sequence[RunGroup]) -> dict[str, Any]:
    """Return the template values of the sections on curves and attacks."""
    several = any(len(group.runs) > 1 for group in groups)
    return {
        "levels": level_charts(groups),
        "band": f"95 % interval {'of the mean over seeds' if several else 'over test texts'}",
        "families": family_charts(groups),
        "attacks": attack_part(groups),
    }


def _curve(name: str, points: Iterable[tuple[float, Sequence[Score]]]) -> Curve:
    """Return the curve of means over runs.

    The band is the interval of the mean; for a single run it is the interval of the score.

    Args:
        points: x and the score of each run at x.
    """
    means, band = [], []
    for x, scores in points:
        kept = [(float(v), e) for v, e in scores if v is not None and math.isfinite(v)]
        if not kept:
            continue
        found = mean_over_seeds([value for value, _ in kept])
        ends: Sequence[float | None] = (found.low, found.high)
        if len(kept) == 1 and kept[0][1]:
            ends = kept[0][1]
        means.append((x, found.mean))
        band.append((x, *ends))
    return Curve(name, means, [ends for ends in band if None not in ends])


def suites_in(groups: Sequence[RunGroup]) -> list[str]:
    """Return the names of all suites in order."""
    runs = [run for group in groups for run in group.runs]
    return list(dict.fromkeys(name for run in runs for name in run.metrics.get("test", {})))


def level_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """Return charts of the suites with levels; level 0 is the clean text.

    For one group there is a chart per score with a curve per series. For several groups there is
    a chart per score and series with a curve per group.
    """
    lines = series(suites_in(groups))
    titles = {name: TITLES.get(name, name.replace("_", " ")) for name in lines}
    charts: list[tuple[str, list[Curve]]] = []
    for metric, heading in HEADINGS.items():
        if len(groups) == 1:
            curves = [_levels(groups[0], titles[n], line, metric) for n, line in lines.items()]
            charts.append((heading, curves))
            continue
        for name, line in lines.items():
            curves = [_levels(group, group.name, line, metric) for group in groups]
            charts.append((f"{heading}, {titles[name]}", curves))
    return [
        line_chart(
            [curve for curve in curves if curve.points],
            title=title,
            x_title="noise level",
            x_ticks=sorted({x for curve in curves for x, _ in curve.points}),
        )
        for title, curves in charts
        if any(curve.points for curve in curves)
    ]


def _levels(group: RunGroup, name: str, line: Mapping[int, str], metric: str) -> Curve:
    suites = {0: CLEAN, **dict(sorted(line.items()))}
    tests = [run.metrics.get("test", {}) for run in group.runs]

    def scores(suite: str) -> list[Score]:
        known = [test[suite] for test in tests if suite in test]
        return [(each.get(metric), each.get("intervals", {}).get(metric)) for each in known]

    return _curve(name, ((float(level), scores(suite)) for level, suite in suites.items()))


def family_charts(groups: Sequence[RunGroup]) -> dict[str, Any] | None:
    """Return small charts of the section `curves`, one per noise family; None without it."""
    measured = [
        RunGroup(group.name, [run for run in group.runs if run.metrics.get("curves")])
        for group in groups
    ]
    measured = [group for group in measured if group.runs]
    if not measured:
        return None
    parts = [run.metrics["curves"] for group in measured for run in group.runs]
    families = list(dict.fromkeys(name for part in parts for name in part["families"]))
    shown = []
    for metric in FAMILY_METRICS:
        drawn = {name: _family_curves(measured, name, metric) for name in families}
        drawn = {name: curves for name, curves in drawn.items() if curves}
        chances = [part.get("chance", {}).get(metric) for part in parts]
        chance = next((value for value in chances if value is not None), None)
        ends = value_range([curve for curves in drawn.values() for curve in curves], chance)
        charts = [
            line_chart(
                curves,
                title=name + (" (held out)" if _held_out(parts, name) else ""),
                x_title="strength",
                y_range=ends,
                chance=chance,
                size=SMALL_SIZE,
            )
            for name, curves in drawn.items()
        ]
        if charts:
            title = f"{HEADINGS[metric]} by noise family"
            names = [group.name for group in measured]
            shown.append({"title": title, "names": names, "charts": charts})
    return {"metrics": shown, "table": _family_table(measured, families)}


def _held_out(parts: Sequence[Mapping[str, Any]], family: str) -> bool:
    return all(part["families"].get(family, {}).get("held_out") for part in parts)


def _family_curves(groups: Sequence[RunGroup], family: str, metric: str) -> list[Curve]:
    curves = []
    for group in groups:
        parts = [run.metrics["curves"] for run in group.runs]
        clean: list[Score] = [(part.get("clean", {}).get(metric), None) for part in parts]
        points = [(0.0, clean)]
        for place, strength in enumerate(parts[0]["strengths"]):
            found = [_at(part["families"].get(family, {}), metric, place) for part in parts]
            points.append((float(strength), found))
        curves.append(_curve(group.name or "this run", points))
    return [curve for curve in curves if len(curve.points) > 1]


def _at(family: Mapping[str, Any], metric: str, place: int) -> Score:
    """Return the mean over noise draws at a strength, and its interval or the range of draws."""
    draws = [row[place] for row in family.get("scores", {}).get(metric, []) if len(row) > place]
    kept = [value for value in draws if value is not None]
    if not kept:
        return None, None
    ends = family.get("intervals", {}).get(metric) or []
    return sum(kept) / len(kept), ends[place] if len(ends) > place else [min(kept), max(kept)]


def _family_table(groups: Sequence[RunGroup], families: Sequence[str]) -> PageTable:
    titles = {"aunc": "AUNC", "p50": "p50", "worst_of_k": "worst of K at the last strength"}
    columns = [(key, metric) for key in titles for metric in FAMILY_METRICS]
    rows = []
    for group in groups:
        for name in families:
            found = [run.metrics["curves"]["families"].get(name, {}) for run in group.runs]
            means = [_mean(_last(each.get(key, {}).get(m)) for each in found) for key, m in columns]
            rows.append([group.name, name, *map(score_text, means)])
    head = ["runs", "family", *(f"{titles[key]}, {HEADINGS[m]}" for key, m in columns)]
    caption = (
        "AUNC: area under the curve; p50: strength at which half of the margin over chance is lost"
    )
    if not groups[0].name:  # one run
        return PageTable(caption, head[1:], [row[1:] for row in rows])
    return PageTable(caption, head, rows)


def _last(value: Any) -> Any:
    return (value or [None])[-1] if isinstance(value, list) else value


def _mean(values: Iterable[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return sum(kept) / len(kept) if kept else None


def worst_families(groups: Sequence[RunGroup]) -> list[tuple[str, str, str]]:
    """Return (group, score, family and strength) with the lowest scores of each first run."""
    rows = []
    for group in groups:
        for run in group.runs[:1]:
            worst = run.metrics.get("curves", {}).get("worst_family", {})
            for metric in FAMILY_METRICS:
                if found := worst.get(metric):
                    score = f"{HEADINGS[metric]} {score_text(found['score'])}"
                    place = f"{found['family']} at strength {found['strength']:g}"
                    rows.append((group.name, score, place))
    return rows


def attack_part(groups: Sequence[RunGroup]) -> dict[str, Any] | None:
    """Return chart and table of attack success by budget; None without attacks."""
    curves, rows, attacked = [], [], None
    for group in groups:
        found = [run.metrics["attack"] for run in group.runs if run.metrics.get("attack")]
        for search in found[0]["searches"] if found else ():
            attacked = attacked or found[0]
            parts = [each["searches"][search] for each in found if search in each["searches"]]
            name = f"{group.name}, {search}" if group.name else search
            curve = _curve(name, _success(found[0]["budgets"], parts))
            curves.append(curve)
            for place, (budget, rate) in enumerate(curve.points):
                at = _means_at(parts, place)
                cells = [score_text(at("mean_queries"), 1), *map(score_text, map(at, SCORES))]
                rows.append([name, f"{budget:g}", score_text(rate), *cells])
    if attacked is None:
        return None
    title = "Share of attacks that succeed"
    budgets = attacked["budgets"]
    chart = line_chart(
        curves, title=title, x_title="edits allowed", x_ticks=budgets, y_range=(0.0, 1.05)
    )
    caption = (
        f"Success rate on {attacked['num_right']} correctly classified texts "
        f"of {attacked['num_texts']}"
    )
    head = ["search", "edits", "success", "mean queries", "F1", "recall"]
    return {"chart": chart, "table": PageTable(caption, head, rows)}


SCORES = ("f1", "recall")


def _success(
    budgets: Sequence[int], parts: Sequence[Mapping[str, Any]]
) -> Iterable[tuple[float, Sequence[Score]]]:
    for place, budget in enumerate(budgets):
        ends = [(part.get("intervals") or {place: None})[place] for part in parts]
        rates = [part["success_rate"][place] for part in parts]
        yield float(budget), list(zip(rates, ends, strict=True))


def _means_at(parts: Sequence[Mapping[str, Any]], place: int) -> Callable[[str], float | None]:
    return lambda key: _mean(part[key][place] for part in parts if part.get(key))
