"""Scores along the strength of noise, for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich import box
from rich.markup import escape
from rich.table import Table

from vitrina.evaluation.report import SYNTHETIC, score_text
from vitrina.evaluation.robustness import WORST_AT


def curves_table(curves: Mapping[str, Any], *, synthetic: bool) -> Table:
    """The part `curves` of `metrics.json`, a row for each family; fits 80 columns."""
    strengths = curves["strengths"]
    place = int(np.argmin([abs(p - WORST_AT) for p in strengths]))
    table = Table(
        title="Families of noise" + (f" ({SYNTHETIC})" if synthetic else ""),
        caption=_explained(curves, strengths[place]),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("family", no_wrap=True)
    headings = ("area\nF1", "area\nROC-AUC", "half\nlost", "F1", "worst\nF1", "alarms", "flips")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    clean = curves["clean"]
    values = [None, None, None, clean["f1"], clean["f1"], clean["false_alarms"], 0.0]
    table.add_row("(clean)", *map(score_text, values))
    table.add_section()
    for name, found in curves["families"].items():
        at = {key: _mean(rows, place) for key, rows in found["scores"].items()}
        half = found["p50"]["f1"]
        cells = [
            score_text(found["aunc"]["f1"]),
            score_text(found["aunc"]["roc_auc"]),
            "never" if half is None else f"{half:.2f}",
            *map(score_text, (at["f1"], found["worst_of_k"]["f1"][place])),
            *map(score_text, (at["false_alarms"], at["flip_rate"])),
        ]
        table.add_row(escape(name) + (" *" if found["held_out"] else ""), *cells)
    return table


def _mean(rows: list[list[float | None]], place: int) -> float | None:
    values = [row[place] for row in rows]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _explained(curves: Mapping[str, Any], strength: float) -> str:
    seeds = len(curves["noise_seeds"])
    worst = curves["worst_family"]["roc_auc"]
    lines = [
        f"{curves['num_texts']:,} texts, {seeds} draws of noise; area: under the curve to "
        f"{curves['strengths'][-1]:g}",
        "half lost: strength at which half of what F1 has above chance is gone",
        f"at {strength:g}: F1; worst: right under all {seeds} draws; alarms: benign texts",
        "called toxic; flips: answers that differ from those on clean texts",
        f"worst by ROC-AUC at {strength:g}: {worst['family']} ({score_text(worst['score'])})",
    ]
    if any(each["held_out"] for each in curves["families"].values()):
        lines.append("*: not in the noise of the training")
    return "\n".join(lines)
