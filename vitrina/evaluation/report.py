"""What a run leaves behind for people and programs: predictions, metrics, tables."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.markup import escape
from rich.table import Table

from vitrina import files
from vitrina.data.fields import brief
from vitrina.files import make_folder, replacing

if TYPE_CHECKING:
    from vitrina.evaluation.evaluate import Evaluation
    from vitrina.evaluation.suites import Suite
    from vitrina.tasks.task_metrics import TaskMetrics

SERIES = {
    "level_": "level_n: published noise, stronger in toxic words",
    "uniform_": "uniform_n: the same strength in every word",
    "diacritics": "diacritics: combining marks on letters of every word",
    "unseen_": "unseen_n: n % of the letters by look-alikes that no level holds",
}
"""What the suites of noise are, by the beginning of their names."""

SYNTHETIC = "synthetic demo corpus"


def with_prediction(row: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """`row` with the fields of `added` behind it; a field of the same name becomes `original_…`."""
    kept: dict[str, Any] = {}
    for name, value in row.items():
        free = str(name)
        while free in added or (free != name and free in row):
            free = f"original_{free}"
        kept[free] = value
    return kept | dict(added)


def json_line(value: Any) -> str:
    """As `vitrina.files.json_line`, of numpy's values too; what is not finite becomes null."""
    return files.json_line(plain(value))


def write_predictions(
    folder: Path, suite: Suite, predicted: Any, task_metrics: TaskMetrics
) -> Path:
    """Write `<folder>/<suite>.jsonl`, a line for each text, and give its path.

    A line holds the original fields of the row, `scored_text` (the text as the model was given it,
    noise applied), and the fields of `task_metrics`, such as `score` and `label`.

    Args:
        predicted: a row for each text.
    """
    assert len(suite.texts) == len(predicted)
    make_folder(folder)
    path = folder / f"{suite.name}.jsonl"
    with replacing(path) as file:
        for index, text in enumerate(suite.texts):
            fields = task_metrics.fields(predicted[index])
            row = with_prediction(suite.rows[index], {"scored_text": text, **fields})
            file.write(json_line(row) + "\n")
    return path


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write `metrics` as JSON, whole or not at all; NaN and infinities become null."""
    with replacing(path) as file:
        json.dump(plain(metrics), file, ensure_ascii=False, allow_nan=False, indent=2)
        file.write("\n")


def plain(value: Any) -> Any:
    """`value` with numpy's numbers and arrays as Python's, and what is not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def results_table(evaluation: Evaluation, *, synthetic: bool) -> Table:
    """Scores of one run, a row for each suite, the first with its interval; fits 80 columns.

    Below it stand what the suites and the scores are.
    """
    title = "Scores on test texts" + (f" ({SYNTHETIC})" if synthetic else "")
    table = Table(
        title=title,
        caption=escape(_explained(evaluation)),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        # What stands below is folded to the width.
        min_width=60 if len(evaluation.task_metrics.shown) == 1 else None,
    )
    table.add_column("suite", no_wrap=True)
    for heading in evaluation.task_metrics.shown.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for name, suite in evaluation.suites.items():
        cells = [score_text(suite.scores[metric]) for metric in evaluation.task_metrics.shown]
        ends = suite.intervals.get(next(iter(evaluation.task_metrics.shown)))
        if ends is not None:
            low, high = map(score_text, ends)
            cells[0] += escape(f" [{low.removeprefix('0')}–{high.removeprefix('0')}]")
        table.add_row(escape(name), *cells)
    return table


LABEL_HEADINGS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "avg. prec.",
}


def labels_table(evaluation: Evaluation) -> Table | None:
    """Scores of each label on the texts of the first suite, and their means below.

    None where the table of suites tells all: where there are only two classes.
    """
    name, suite = next(iter(evaluation.suites.items()))
    if len(suite.labels) < 3 and "micro_f1" not in evaluation.task_metrics.shown:
        return None
    table = Table(
        title=escape(f"Labels ({name})"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("label", overflow="fold")
    for heading in (evaluation.task_metrics.unit, *LABEL_HEADINGS.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, scores in suite.labels.items():
        cells = [score_text(scores[key]) for key in LABEL_HEADINGS]
        table.add_row(escape(brief(label)), f"{scores['support']:,}", *cells)
    table.add_section()
    for mean in ("macro", "micro"):
        found = [suite.scores.get(f"{mean}_{key}") for key in LABEL_HEADINGS]
        if mean == "macro":  # of more than two classes, and of label sets, these are means
            found[-2:] = suite.scores["roc_auc"], suite.scores["average_precision"]
        table.add_row(f"{mean} average", "", *map(score_text, found))
    return table


def _explained(evaluation: Evaluation) -> str:
    counts = sorted({int(suite.scores["count"]) for suite in evaluation.suites.values()})
    texts = "–".join(f"{count:,}" for count in dict.fromkeys([*counts[:1], *counts[-1:]]))
    lines = [f"{texts} {evaluation.task_metrics.unit} a suite; {evaluation.task_metrics.what}"]
    if any(suite.intervals for suite in evaluation.suites.values()):
        lines[0] += "; in brackets: 95 % interval (bootstrap)"
    for series, what in SERIES.items():
        if any(name.startswith(series) for name in evaluation.suites):
            lines.append(what)
    return "\n".join(lines)


def score_text(value: float | None) -> str:
    """Three decimals; a dash where the score is undefined."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.3f}"
