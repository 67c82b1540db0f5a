"""What came of an attack, for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from vitrina.evaluation.report import SYNTHETIC, score_text


def attack_table(metrics: Mapping[str, Any], *, synthetic: bool) -> Table:
    """The part `attack` of `metrics.json`, a row for each search and budget; fits 80 columns."""
    right, total, beside = (metrics[key] for key in ("num_right", "num_texts", "num_beside"))
    caption = f"{right:,} of {total:,} texts were right and are attacked"
    if beside:
        caption += f"; F1 counts {beside:,} others, unchanged"
    table = Table(
        title="Attacks" + (f" ({SYNTHETIC})" if synthetic else ""),
        caption=f"{caption}\nin brackets: 95 % interval (Wilson); queries: mean for a text",
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("search", no_wrap=True)
    for heading in ("edits", "success", "queries", "F1", "recall"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, found in metrics["searches"].items():
        for place, budget in enumerate(metrics["budgets"]):
            low, high = map(score_text, found["intervals"][place])
            success = score_text(found["success_rate"][place])
            success += escape(f" [{low.removeprefix('0')}–{high.removeprefix('0')}]")
            queries = found["mean_queries"][place]
            table.add_row(
                escape(name) if place == 0 else "",
                str(budget),
                success,
                "–" if queries is None or queries != queries else f"{queries:.1f}",
                score_text(found["f1"][place]),
                score_text(found["recall"][place]),
            )
        table.add_section()
    return table
