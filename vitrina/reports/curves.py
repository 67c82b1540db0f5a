"""Scores against the strength of noise, of one run or of groups of runs that differ in seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vitrina.evaluation.plot import CLEAN, HEADINGS, TITLES, series
from vitrina.evaluation.tables import score_text
from vitrina.reports.charts import SMALL_HEIGHT, Curve, legend, line_chart, value_range
from vitrina.reports.document import Content, Html, details, element, join, paragraph, table
from vitrina.reports.runs import Run
from vitrina.reports.statistics import mean_over_seeds

FAMILY_METRICS = ("f1", "roc_auc")


@dataclass(frozen=True)
class RunGroup:
    """Finished runs that differ in their seed alone, and what they have in common."""

    name: str
    runs: Sequence[Run]


@dataclass(frozen=True)
class _Score:
    mean: float
    low: float
    high: float

    @property
    def has_ends(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)


def _over_runs(values: Sequence[Any], ends: Sequence[Any]) -> _Score | None:
    """The mean over runs with its interval; of one run its own interval."""
    kept = [float(v) for v in values if v is not None and math.isfinite(v)]
    if not kept:
        return None
    found = mean_over_seeds(kept)
    low, high = found.low, found.high
    if len(kept) == 1 and len(ends) == 1 and ends[0] is not None and None not in ends[0]:
        low, high = ends[0]
    return _Score(found.mean, low, high)


def suite_score(group: RunGroup, suite: str, metric: str) -> _Score | None:
    """A score of a suite, over the runs of a group."""
    found = [run.metrics.get("test", {}).get(suite) for run in group.runs]
    tests = [each for each in found if each is not None]
    ends = [test.get("intervals", {}).get(metric) for test in tests]
    return _over_runs([test.get(metric) for test in tests], ends)


def suites_in(groups: Sequence[RunGroup]) -> list[str]:
    """Names of all suites, in order."""
    runs = [run for group in groups for run in group.runs]
    return list(dict.fromkeys(name for run in runs for name in run.metrics.get("test", {})))


def level_charts(groups: Sequence[RunGroup]) -> Html:
    """Charts of the suites that have levels; level 0 is the clean text.

    Of one group a chart for each score with a curve for each series of suites; of several a chart
    for each score and series, with a curve for each group.
    """
    charts = []
    lines = series(suites_in(groups))
    for metric, heading in HEADINGS.items():
        if len(groups) == 1:
            named = {
                _series_title(n): _curve(groups[0], n, line, metric) for n, line in lines.items()
            }
            charts += _level_chart(heading, lines.values(), named)
            continue
        for name, line in lines.items():
            named = {group.name: _curve(group, name, line, metric) for group in groups}
            charts += _level_chart(f"{heading}, {_series_title(name)}", [line], named)
    if not charts:
        return paragraph("No suites with levels were scored.", "quiet")
    several = any(len(group.runs) > 1 for group in groups)
    band = "95 % interval of the mean over seeds" if several else "95 % interval over test texts"
    note = paragraph(f"Level 0 is the clean text. Bands, where there are any: {band}.", "quiet")
    return join([element("div", join(charts), class_="charts"), note])


def _series_title(name: str) -> str:
    return TITLES.get(name, name.replace("_", " "))


def _level_chart(title: str, lines, named: Mapping[str, Curve]) -> list[Html]:
    curves = [curve for curve in named.values() if curve.points]
    if not curves:
        return []
    levels = sorted({0, *(level for line in lines for level in line)})
    labels = {float(level): str(level) for level in levels}
    return [line_chart(curves, title=title, x_title="level of noise", x_labels=labels)]


def _curve(group: RunGroup, name: str, line: Mapping[int, str], metric: str) -> Curve:
    title = group.name if group.name else _series_title(name)
    suites = {0: CLEAN, **dict(sorted(line.items()))}
    found = {level: suite_score(group, suite, metric) for level, suite in suites.items()}
    known = {float(level): score for level, score in found.items() if score is not None}
    return Curve(
        title,
        [(x, score.mean) for x, score in known.items()],
        [(x, score.low, score.high) for x, score in known.items() if score.has_ends],
    )


def family_charts(groups: Sequence[RunGroup]) -> Html | None:
    """Small charts of `curves` in the metrics, one for each family of noise; None without any."""
    measured = [
        RunGroup(group.name, [run for run in group.runs if run.metrics.get("curves")])
        for group in groups
    ]
    measured = [group for group in measured if group.runs]
    if not measured:
        return None
    runs = [run for group in measured for run in group.runs]
    families = list(dict.fromkeys(name for r in runs for name in r.metrics["curves"]["families"]))
    parts: list[Content] = []
    for metric in FAMILY_METRICS:
        drawn = {name: _family_curves(measured, name, metric) for name in families}
        drawn = {name: curves for name, curves in drawn.items() if curves}
        if not drawn:
            continue
        chances = [run.metrics["curves"].get("chance", {}).get(metric) for run in runs]
        chance = next((value for value in chances if value is not None), None)
        ends = value_range([curve for curves in drawn.values() for curve in curves], chance)
        charts = [
            line_chart(
                curves,
                title=name + (" (held out)" if _held_out(runs, name) else ""),
                x_title="strength",
                y_range=ends,
                even=chance,
                height=SMALL_HEIGHT,
                with_key=False,
                heading="h4",
            )
            for name, curves in drawn.items()
        ]
        parts.append(element("h3", f"{HEADINGS[metric]} by family of noise"))
        if len(measured) > 1:
            parts.append(legend([group.name for group in measured]))
        parts.append(element("div", join(charts), class_="charts small"))
    note = "Strength 0 is the clean text; the dashed level is that of guessing. Bands: intervals "
    note += "over seeds of training where there are several, else as measured, else the spread "
    note += "over draws of noise. Held out: a family that the training noise did not show."
    parts.append(paragraph(note, "quiet"))
    parts.append(details("All families in numbers", _family_table(measured, families)))
    return join(parts)


def _held_out(runs: Sequence[Run], family: str) -> bool:
    found = [run.metrics["curves"]["families"].get(family, {}).get("held_out") for run in runs]
    return bool(found) and all(found)


def _family_curves(groups: Sequence[RunGroup], family: str, metric: str) -> list[Curve]:
    curves = []
    for group in groups:
        points, band = [], []
        parts = [run.metrics["curves"] for run in group.runs]
        clean = _over_runs([part.get("clean", {}).get(metric) for part in parts], [])
        if clean is not None:
            points.append((0.0, clean.mean))
            if clean.has_ends:
                band.append((0.0, clean.low, clean.high))
        for place, strength in enumerate(parts[0]["strengths"]):
            found = [_at(part["families"].get(family, {}), metric, place) for part in parts]
            score = _over_runs([each[0] for each in found], [each[1] for each in found])
            if score is not None:
                points.append((float(strength), score.mean))
                if score.has_ends:
                    band.append((float(strength), score.low, score.high))
        if len(points) > 1:
            curves.append(Curve(group.name or "this run", points, band))
    return curves


def _at(family: Mapping[str, Any], metric: str, place: int) -> tuple[float | None, Any]:
    """A family's mean over draws of noise at a strength, and its interval, or the draws' spread."""
    draws = [row[place] for row in family.get("scores", {}).get(metric, []) if len(row) > place]
    kept = [value for value in draws if value is not None]
    if not kept:
        return None, None
    ends = family.get("intervals", {}).get(metric) or []
    return sum(kept) / len(kept), ends[place] if len(ends) > place else [min(kept), max(kept)]


def _family_table(groups: Sequence[RunGroup], families: Sequence[str]) -> Html:
    rows = []
    for group in groups:
        for name in families:
            found = [run.metrics["curves"]["families"].get(name, {}) for run in group.runs]
            cells = [group.name, name] if group.name else [name]
            for key in ("aunc", "p50", "worst_of_k"):
                for metric in FAMILY_METRICS:
                    cells.append(
                        _mean_text([_last(each.get(key, {}).get(metric)) for each in found])
                    )
            rows.append(cells)
    head = ["runs", "family"] if groups[0].name else ["family"]
    titles = {"aunc": "AUNC", "p50": "p50", "worst_of_k": "worst of K at the last strength"}
    head += [f"{t}, {HEADINGS[metric]}" for t in titles.values() for metric in FAMILY_METRICS]
    caption = "AUNC: area under the curve; p50: strength that costs half of what is above guessing"

    return table(caption, head, rows)


def _last(value: Any) -> Any:
    return (value or [None])[-1] if isinstance(value, list) else value


def _mean_text(values: Sequence[Any]) -> str:
    kept = [value for value in values if value is not None]
    return score_text(sum(kept) / len(kept)) if kept else "–"


def worst_families(groups: Sequence[RunGroup]) -> list[tuple[str, str, str]]:
    """Group, score, and the family and strength at which it is lowest, of the first run of each."""
    rows = []
    for group in groups:
        for run in group.runs[:1]:
            worst = run.metrics.get("curves", {}).get("worst_family", {})
            for metric in FAMILY_METRICS:
                if worst.get(metric):
                    told = worst[metric]
                    score = score_text(told["score"])
                    place = f"{told['family']} at strength {told['strength']:g}"
                    rows.append((group.name, f"{HEADINGS[metric]} {score}", place))
    return rows


def attack_part(groups: Sequence[RunGroup]) -> Html | None:
    """Success of search attacks by budget; None where there were none."""
    curves, rows = [], []
    for group in groups:
        found = [run.metrics["attack"] for run in group.runs if run.metrics.get("attack")]
        if not found:
            continue
        for search in found[0]["searches"]:
            parts = [each["searches"][search] for each in found if search in each["searches"]]
            name = f"{group.name}, {search}" if group.name else search
            points, band = [], []
            for place, budget in enumerate(found[0]["budgets"]):
                ends = [(part.get("intervals") or [])[place : place + 1] for part in parts]
                rates = [part["success_rate"][place] for part in parts]
                score = _over_runs(rates, [each[0] if each else None for each in ends])
                if score is None:
                    continue
                points.append((float(budget), score.mean))
                if score.has_ends:
                    band.append((float(budget), score.low, score.high))
                others = [
                    _mean_text([(part.get(key) or [])[place] for part in parts if part.get(key)])
                    for key in ("f1", "recall")
                ]
                queries = [
                    part["mean_queries"][place] for part in parts if part.get("mean_queries")
                ]
                told = f"{sum(queries) / len(queries):.1f}" if queries else "–"
                rows.append([name, str(budget), score_text(score.mean), told, *others])
            curves.append(Curve(name, points, band))
    if not curves:
        return None
    attacked = next(
        run.metrics["attack"] for g in groups for run in g.runs if run.metrics.get("attack")
    )
    chart = line_chart(
        curves, title="Share of attacks that succeed", x_title="edits allowed", y_range=(0.0, 1.0)
    )
    caption = f"of {attacked['num_right']} texts that were right before, of {attacked['num_texts']}"
    head = ["search", "edits", "success", "mean queries", "F1", "recall"]
    numbers = table(f"Success rate {caption}", head, rows)
    note = paragraph("A text that was wrong before is not attacked. Less is better.", "quiet")
    return join([element("div", chart, class_="charts"), note, numbers])
