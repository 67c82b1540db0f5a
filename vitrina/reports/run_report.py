"""The report of one run, part by part."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping

import numpy as np
from omegaconf import OmegaConf

from vitrina.errors import InputError
from vitrina.evaluation.plot import HEADINGS
from vitrina.evaluation.report import SERIES, SYNTHETIC, score_text
from vitrina.reports.charts import Curve, line_chart
from vitrina.reports.curves import (
    RunGroup,
    attack_part,
    family_charts,
    level_charts,
    worst_families,
)
from vitrina.reports.document import (
    Content,
    Html,
    bullets,
    code,
    details,
    element,
    join,
    page,
    paragraph,
    section,
    table,
)  # fmt: skip
from vitrina.reports.mistakes import ladder_part, mistakes_part
from vitrina.reports.predictions import (
    RunPredictions,
    calibration,
    confusion,
    label_counts,
    read_predictions,
    suites_of,
)  # fmt: skip
from vitrina.reports.runs import Run

SCORES = {
    "f1": "F1",
    "macro_f1": "macro F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "avg. prec.",
    "accuracy": "accuracy",
}
HARD = ("level_4", "level_3", "uniform_4", "level_2", "level_1")
"""Suites whose mistakes are shown beside the clean ones, the first that there is."""

Part = tuple[str, str, Html]


def run_report(run: Run, *, mistakes: int, suite: str | None = None, device: str = "auto") -> str:
    """The whole page of a finished run.

    Args:
        mistakes: how many of the worst mistakes are shown.
        suite: the suite that they are of; None: the hardest of the ordinary ones.

    Raises:
        InputError: if the run has not finished, or has no such suite.
    """
    if not run.finished:
        raise InputError(f"{run.folder}: {run.result.error}; a report needs a finished run")
    require_labels(run)
    chosen = hard_suite(run, suite)
    group = RunGroup("", [run])
    parts: list[Part] = [
        _part("Scores", "scores", headline(run), scores_table(run)),
        _part("Curves", "curves", *curves(group)),
    ]
    attack = attack_part([group])
    if attack is not None:
        parts.append(_part("Attacks", "attacks", attack))
    parts.append(_part("Confusion and calibration", "confusion", *judged(run, chosen)))
    parts.append(_part("One text at each level", "ladder", ladder_part(run, device)))
    if mistakes:
        shown = mistakes_part(run, chosen, mistakes, device)
        parts.append(_part("Worst mistakes", "mistakes", shown))
    parts.append(_part("How it was made", "made", made(run)))
    note = (
        f" · {SYNTHETIC}: its scores say nothing of real comments" if run.result.synthetic else ""
    )
    subtitle = f"seed {run.seed} · {run.record.get('started', 'start not recorded')}{note}"
    return page(f"{run.folder.parent.name} / {run.folder.name}", subtitle, parts)


def require_labels(run: Run) -> None:
    """
    Raises:
        InputError: if the run was pre-trained alone: a report is of what is said of texts.
    """
    if run.setting("task") == "pretraining":
        raise InputError(
            f"{run.folder}: was pre-trained and says no labels, of which a report tells; "
            "tools/table.py shows its scores, masked.png what it restores"
        )


def _part(title: str, anchor: str, *content: Content) -> Part:
    return title, anchor, section(title, anchor, *content)


def hard_suite(run: Run, wanted: str | None) -> str | None:
    """The suite whose mistakes are shown; None where no predictions were written.

    Raises:
        InputError: if the wanted one has none.
    """
    known = suites_of(run)
    if wanted is not None and wanted not in known:
        allowed = ", ".join(known) or "none, as evaluation.predictions was false"
        raise InputError(f"--suite {wanted}: must be one with predictions: {allowed}")
    if wanted is not None or not known:
        return wanted
    return next((name for name in HARD if name in known), known[-1])


def headline(run: Run) -> Html:
    """The few numbers that one asks for first."""
    tests = run.metrics.get("test", {})
    cards: list[Html] = []

    def card(number: str, what: str) -> None:
        cards.append(join([element("b", number), element("span", what)]))

    for name in ("clean", *HARD[:1]):
        for metric, heading in HEADINGS.items():
            if metric in tests.get(name, {}):
                card(score_text(tests[name][metric]), f"{heading}, {name.replace('_', ' ')}")
    train = run.metrics.get("train", {})
    if "seconds" in train:
        card(f"{train['seconds']:,.0f} s", "training")
    if "num_parameters" in train:
        card(f"{train['num_parameters']:,}", "parameters")
    return bullets(cards, "cards")


def scores_table(run: Run) -> Html:
    """All suites with the scores and their intervals."""
    rows = []
    for name, test in run.metrics.get("test", {}).items():
        cells: list[Content] = [name]
        for metric in SCORES:
            text = score_text(test.get(metric))
            ends = test.get("intervals", {}).get(metric)
            if ends and None not in ends:
                text += f" [{ends[0]:.3f}–{ends[1]:.3f}]"
            cells.append(text)
        cells.append(f"{int(test.get('count', 0)):,}")
        rows.append(cells)
    told = [what for start, what in SERIES.items() if any(row[0].startswith(start) for row in rows)]
    caption = "Scores on the test texts; in brackets: 95 % interval over texts (bootstrap)"
    head = ["suite", *SCORES.values(), "count"]
    return join([table(caption, head, rows), bullets(told, "quiet") if told else ""])


def curves(group: RunGroup) -> list[Content]:
    """Levels, and families where they were measured."""
    parts: list[Content] = [level_charts([group])]
    families = family_charts([group])
    if families is not None:
        parts.append(families)
        worst = [f"Lowest {score}: {where}" for _, score, where in worst_families([group])]
        parts.append(bullets(worst))
    return parts


def judged(run: Run, chosen: str | None) -> list[Content]:
    """Confusion and calibration of the clean texts and of the chosen suite."""
    if chosen is None:
        return [_notice("No predictions were written (evaluation.predictions = false).")]
    names = [name for name in dict.fromkeys(["clean", chosen]) if name in suites_of(run)]
    parts: list[Content] = []
    tables: list[Html] = []
    charts: list[Html] = []
    for name in names:
        try:
            predictions = read_predictions(run, name)
        except InputError as error:
            return [_notice(str(error))]
        tables.append(_label_table(predictions) if predictions.sets else _confusion(predictions))
        charts.append(_reliability(predictions))
    parts.append(element("div", join(tables), class_="charts"))
    parts.append(element("div", join(charts), class_="charts"))
    parts.append(
        paragraph(
            "Each point holds equally many texts, up to 15 points; on the dashed line a "
            "probability is as high as the share of texts of which it is true. ECE is the mean "
            "distance from it, the Brier score the mean squared error; less is better.",
            "quiet",
        )
    )
    return parts


def _confusion(predictions: RunPredictions) -> Html:
    counts = confusion(predictions)
    head = ["true class", *(f"said {name}" for name in predictions.names), "recall"]
    rows = []
    for name, row in zip(predictions.names, counts.tolist(), strict=True):
        recall = score_text(row[len(rows)] / sum(row) if sum(row) else math.nan)
        rows.append([name, *(f"{count:,}" for count in row), recall])
    return table(f"Texts by true class and class said ({predictions.suite})", head, rows)


def _label_table(predictions: RunPredictions) -> Html:
    head = ["label", "said, true", "said, false", "missed", "rightly not said"]
    counts = label_counts(predictions).tolist()
    named = zip(predictions.names, counts, strict=True)
    rows = [[name, *(f"{count:,}" for count in row)] for name, row in named]
    return table(f"Texts by label ({predictions.suite})", head, rows)


def _reliability(predictions: RunPredictions) -> Html:
    found = calibration(*predictions.judged)
    points = list(zip(found.mean_probability.tolist(), found.share_true.tolist(), strict=True))
    title = f"Calibration, {predictions.suite}: ECE {found.ece:.3f}, Brier {found.brier:.3f}"
    ticks = {tick: f"{tick:g}" for tick in np.linspace(0, 1, 6).round(1).tolist()}
    return line_chart(
        [Curve("share that is true", points)],
        title=title,
        x_title="probability given",
        x_labels=ticks,
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
    )


def _notice(text: str) -> Html:
    return paragraph(text, "notice")


def made(run: Run) -> Html:
    """The commands that make it again, and what it was made with."""
    record = run.record
    parts: list[Content] = [element("h3", "Commands"), code("\n".join(commands(run)))]
    git = record.get("git")
    if isinstance(git, Mapping):
        changed = ", with changes that were not committed" if git.get("changed") else ""
        parts.append(paragraph(f"Commit {git.get('commit')}{changed}."))
    notes = [str(note) for note in record.get("notes", [])]
    if notes:
        parts.append(details("What was done to the data", bullets(notes)))
    for title, key in (("Versions", "versions"), ("Hashes of data and fonts", "hashes")):
        found = record.get(key)
        if isinstance(found, Mapping) and found:
            rows = [[str(name), str(value)] for name, value in found.items()]
            parts.append(details(title, table(title, ["name", key], rows, words=[1])))
    chosen = [[name, option] for name, option in run.result.choices.items()]
    if chosen:
        title = "Options of the groups"
        parts.append(details(title, table(title, ["group", "option"], chosen, words=[1])))
    if run.config:
        text = OmegaConf.to_yaml(OmegaConf.create(run.config))
        parts.append(details("All settings (config.yaml)", code(text)))
    return join(parts)


def commands(run: Run) -> list[str]:
    """This run alone, and as it was started where that says something else."""
    overrides = [each for each in run.result.overrides if not each.startswith("hydra.")]
    alone = shlex.join(["python", "main.py", *overrides])
    lines = [alone]
    given = str(run.record.get("command", ""))
    if given and f"python {given}" != alone:
        lines.append(f"python {given}" if given.startswith("main.py") else given)
    return lines
