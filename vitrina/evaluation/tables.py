"""Terminal tables with the scores of one run, at most 80 columns wide."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vitrina.data.fields import brief
from vitrina.evaluation.curves import worst_strength_index
from vitrina.evaluation.evaluate import Evaluation
from vitrina.tasks.ocr.scores import RecognitionScores

SERIES = {
    "level_": "level_n: published noise, stronger in toxic words",
    "uniform_": "uniform_n: the same strength in every word",
    "diacritics": "diacritics: combining marks on letters of every word",
    "unseen_": "unseen_n: n % of the letters replaced by look-alikes of no level",
}
"""Descriptions of noise suites by prefix of the name."""

SYNTHETIC = "synthetic demo corpus"

LABEL_HEADINGS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "avg. prec.",
}


def score_text(value: float | None, digits: int = 3) -> str:
    """Format a score; undefined scores become a dash.

    >>> score_text(0.5), score_text(None)
    ('0.500', '–')
    """
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def results_table(evaluation: Evaluation, *, synthetic: bool) -> Table:
    """Return the scores by suite, the first one with its interval, and a caption."""
    shown = evaluation.task_metrics.headings
    table = _table(
        "Scores on test texts", ["suite", *shown.values()], _explained(evaluation), synthetic
    )
    # Rich folds the caption to the width of the table.
    table.min_width = 60 if len(shown) == 1 else None
    for name, suite in evaluation.suites.items():
        cells = [score_text(suite.scores[metric]) for metric in shown]
        cells[0] += _ends(suite.intervals.get(next(iter(shown))))
        table.add_row(escape(name), *cells)
    return table


def labels_table(evaluation: Evaluation) -> Table | None:
    """Return the scores of each label on the first suite, and their means.

    None for two classes, where the table of suites is sufficient.
    """
    name, suite = next(iter(evaluation.suites.items()))
    if len(suite.labels) < 3 and "micro_f1" not in evaluation.task_metrics.headings:
        return None
    unit = evaluation.task_metrics.unit
    table = _table(f"Labels ({name})", ["label", unit, *LABEL_HEADINGS.values()])
    table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
    for label, scores in suite.labels.items():
        cells = [score_text(scores[key]) for key in LABEL_HEADINGS]
        table.add_row(escape(brief(label)), f"{scores['support']:,}", *cells)
    table.add_section()
    for mean in ("macro", "micro"):
        found = [suite.scores.get(f"{mean}_{key}") for key in LABEL_HEADINGS]
        if mean == "macro":  # with several labels these scores are means over the labels
            found[-2:] = suite.scores["roc_auc"], suite.scores["average_precision"]
        table.add_row(f"{mean} average", "", *map(score_text, found))
    return table


def curves_table(curves: Mapping[str, Any], *, synthetic: bool) -> Table:
    """Return the section `curves` of `metrics.json`, a row per noise family."""
    place = worst_strength_index(curves["strengths"])
    caption = _explained_curves(curves, curves["strengths"][place])
    head = ("family", "area\nF1", "area\nROC-AUC", "p50\nF1", "F1", "worst\nF1", "alarms")
    table = _table("Noise families", [*head, "flips"], caption, synthetic)
    clean = curves["clean"]
    values = [None, None, None, clean["f1"], clean["f1"], clean["false_alarms"], 0.0]
    table.add_row("(clean)", *map(score_text, values))
    table.add_section()
    for name, found in curves["families"].items():
        at = {key: _mean(rows, place) for key, rows in found["scores"].items()}
        half = found["p50"]["f1"]
        cells = [
            *map(score_text, (found["aunc"]["f1"], found["aunc"]["roc_auc"])),
            "never" if half is None else score_text(half, 2),
            *map(score_text, (at["f1"], found["worst_of_k"]["f1"][place])),
            *map(score_text, (at["false_alarms"], at["flip_rate"])),
        ]
        table.add_row(escape(name) + (" *" if found["held_out"] else ""), *cells)
    return table


def attack_table(metrics: Mapping[str, Any], *, synthetic: bool) -> Table:
    """Return the section `attack` of `metrics.json`, a row per search and budget."""
    right, total, others = (metrics[key] for key in ("num_right", "num_texts", "num_other"))
    caption = f"attacked: {right:,} correctly classified texts of {total:,}"
    caption += f"; F1 includes {others:,} unchanged texts" if others else ""
    caption += "\nin brackets: 95 % interval (Wilson); queries: mean per text"
    head = ["search", "edits", "success", "queries", "F1", "recall"]
    table = _table("Attacks", head, caption, synthetic)
    for name, found in metrics["searches"].items():
        for place, budget in enumerate(metrics["budgets"]):
            table.add_row(
                escape(name) if place == 0 else "",
                str(budget),
                score_text(found["success_rate"][place]) + _ends(found["intervals"][place]),
                score_text(found["mean_queries"][place], 1),
                score_text(found["f1"][place]),
                score_text(found["recall"][place]),
            )
        table.add_section()
    return table


def innocent_table(section: Mapping[str, Any], *, synthetic: bool) -> Table:
    """Return the section `innocent` of `metrics.json`, a row per suite."""
    caption = (
        "share of benign texts called toxic; run: at the run's threshold; 5 %, 1 %: at\n"
        "the thresholds with these false alarms on the clean benign test texts; in\n"
        "brackets: 95 % interval (Wilson); review: share sent to human review"
    )
    head = ["benign texts", "count", "run", "at 5 %", "at 1 %", "review"]
    table = _table("False alarms on innocent text", head, caption, synthetic)
    table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
    for name, found in innocent_rows(section):
        cells = [score_text(found[point]) for point in ("run", "at_5", "at_1")]
        cells[1] += _ends(found["intervals"]["at_5"])
        cells.append(score_text(found.get("review")))
        table.add_row(escape(name), f"{found['count']:,}", *cells)
    return table


def innocent_rows(section: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return title and rates of the clean test texts and of each suite of innocent text."""
    suites = section["suites"].values()
    return [("clean test texts", section["clean"]), *((each["title"], each) for each in suites)]


def review_table(section: Mapping[str, Mapping[str, float]], *, synthetic: bool) -> Table:
    """Return the section `review` of `metrics.json`, a row per suite."""
    caption = (
        "recall: share of toxic texts that are called toxic; or review:\n"
        "that are called toxic or sent to human review"
    )
    head = ["suite", "recall", "or review", "benign in review", "all in review"]
    table = _table("Human review", head, caption, synthetic)
    for name, found in section.items():
        keys = ("recall", "recall_or_review", "benign", "share")
        table.add_row(escape(name), *(score_text(found.get(key)) for key in keys))
    return table


def recognition_table(
    scores: Mapping[str, RecognitionScores], target: str, *, synthetic: bool
) -> Group:
    """Return the character error rates of one run, a row per suite."""
    target_text = {"clean": "the text without noise", "drawn": "the text as drawn"}[target]
    caption = (
        f"at most {_span(each.count for each in scores.values())} texts per suite; CER: edits per "
        f"character; target: {target_text}\n"
        "infeasible: share of texts with fewer frames than CTC requires"
    )
    table = _table("", ["suite", "CER", "infeasible"])
    for name, each in scores.items():
        table.add_row(escape(name), score_text(each.cer), score_text(each.infeasible))
    # Rich would fold a title or caption of the narrow table itself.
    title = Text(_titled("Recognition", synthetic), "italic")
    return Group(title, table, Text(caption, "dim italic"))


def pairs_line(pairs: Mapping[str, Any]) -> str:
    """Return the section `pairs` of `metrics.json` as a sentence."""
    raw, corrected = (
        "undefined" if pairs[key] is None else score_text(pairs[key])
        for key in ("recall_raw", "recall_corrected")
    )
    return (
        f"{pairs['count']:,} pairs written by people: recall {raw} as written, "
        f"{corrected} corrected; different predictions for {pairs['flip_rate']:.1%}"
    )


def _table(title: str, head: Sequence[str], caption: str = "", synthetic: bool = False) -> Table:
    table = Table(
        title=escape(_titled(title, synthetic)) or None,
        caption=escape(caption) or None,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for number, heading in enumerate(head):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table


def _titled(title: str, synthetic: bool) -> str:
    return f"{title} ({SYNTHETIC})" if synthetic else title


def _ends(interval: Sequence[float] | None) -> str:
    """Format an interval as rich markup, without zeros before the decimal point."""
    if interval is None:
        return ""
    low, high = (score_text(end).removeprefix("0") for end in interval)
    return escape(f" [{low}–{high}]")


def _span(counts: Any) -> str:
    """Format the smallest and the largest number."""
    found = sorted(set(counts))
    return "–".join(f"{count:,}" for count in dict.fromkeys([*found[:1], *found[-1:]]))


def _explained(evaluation: Evaluation) -> str:
    suites = evaluation.suites.values()
    texts = _span(int(suite.scores["count"]) for suite in suites)
    lines = [f"{texts} {evaluation.task_metrics.unit} per suite; {evaluation.task_metrics.what}"]
    if any(suite.intervals for suite in suites):
        lines[0] += "; in brackets: 95 % interval (bootstrap)"
    for series, description in SERIES.items():
        if any(name.startswith(series) for name in evaluation.suites):
            lines.append(description)
    return "\n".join(lines)


def _mean(rows: list[list[float | None]], place: int) -> float | None:
    values = [row[place] for row in rows]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _explained_curves(curves: Mapping[str, Any], strength: float) -> str:
    seeds = len(curves["noise_seeds"])
    worst = curves["worst_family"]["roc_auc"]
    lines = [
        f"{curves['num_texts']:,} texts, {seeds} draws of noise; area: under the curve up to "
        f"{curves['strengths'][-1]:g}",
        "p50: strength at which F1 has lost half of its margin over chance",
        f"at {strength:g}: F1; worst: F1 if a text must be correct under all {seeds} draws;",
        "alarms: benign texts predicted toxic; flips: predictions changed by the noise",
        f"worst by ROC-AUC at {strength:g}: {worst['family']} ({score_text(worst['score'])})",
    ]
    if any(each["held_out"] for each in curves["families"].values()):
        lines.append("*: not in the training noise")
    return "\n".join(lines)
