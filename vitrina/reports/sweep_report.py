"""HTML report of a sweep: comparison of the runs, then each run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vitrina.errors import InputError
from vitrina.evaluation.plot import HEADINGS
from vitrina.evaluation.tables import SYNTHETIC, score_text
from vitrina.reports.curves import RunGroup, curve_parts, suites_in, worst_families
from vitrina.reports.page import PageTable, markup, render
from vitrina.reports.run_report import (
    commands,
    hard_suite,
    require_labels,
    run_parts,
    start_command,
    texts_part,
)
from vitrina.reports.runs import Run, differing, newest_of_each
from vitrina.reports.table import tested


def sweep_report(
    folder: Path,
    runs: Sequence[Run],
    *,
    mistakes: int,
    suite: str | None = None,
    device: str = "auto",
) -> str:
    """Render the page of a sweep.

    Args:
        runs: all runs in the folder.
        mistakes: number of worst mistakes to show for the first run of each group of seeds.
        suite: suite of these mistakes; None: the first available one of `HARD`.

    Raises:
        InputError: if no run has finished, a shown run has no predictions for `suite`, or a run
            predicts no labels.
    """
    keys = differing(runs)
    kept, notes = newest_of_each(runs, keys or ["model"])
    finished = [run for run in kept if run.finished]
    if not finished:
        raise InputError(f"{folder}: none of the {len(runs)} runs has finished")
    for run in finished:
        require_labels(run)
    groups = group_by_seed(finished, keys)
    compared, explained = compare_groups(groups)
    worst = PageTable(
        "Worst noise family of each model (first seed)",
        ["runs", "lowest score", "family"],
        worst_families(groups),
    )
    report = curve_parts(groups) | {
        "compared": compared,
        "notes": [*explained, *notes],
        "worst": worst if worst.rows else None,
        "differences": differences(kept, keys),
        "unfinished": [
            (anchor_of(run), f"{run.folder.name}: {run.error}") for run in kept if not run.finished
        ],
        "groups": [(g.name, members(g, mistakes, suite, device)) for g in groups],
        "started": list(dict.fromkeys(line for line in map(start_command, kept) if line)),
        "commands": list(dict.fromkeys(commands(run)[0] for run in kept)),
    }
    sections = {
        "scores": "Scores",
        "curves": "Curves",
        "attacks": "Attacks",
        "differences": "Configurations",
        "runs": "Runs",
        "reproduction": "Reproduction",
    }
    if not report["attacks"]:
        del sections["attacks"]
    note = f" · {SYNTHETIC}" if any(run.synthetic for run in finished) else ""
    subtitle = f"{len(finished)} of {len(kept)} runs have finished{note}"
    title = f"Sweep {folder.resolve().name}"
    return render("sweep", title=title, subtitle=subtitle, sections=sections, report=report)


def group_by_seed(runs: Sequence[Run], keys: Sequence[str]) -> list[RunGroup]:
    """Group runs with equal values of `keys`, in order; the values are the name of a group."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(name_of(run, keys), []).append(run)
    return [RunGroup(name, members) for name, members in groups.items()]


def name_of(run: Run, keys: Sequence[str]) -> str:
    """Return the model and the other distinguishing settings of a run, without the seed."""
    model = run.setting("model") or run.folder.name
    others = [f"{key}={run.setting(key)}" for key in keys if key != "model" and run.setting(key)]
    return " ".join([model, *others])


def anchor_of(run: Run) -> str:
    """Return the HTML id of a run; its folder name may contain any characters."""
    return "run-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in run.folder.name)


def compare_groups(
    groups: Sequence[RunGroup],
) -> tuple[list[tuple[PageTable, PageTable | None]], list[str]]:
    """Return per score the table of means by suite and the paired tests; and notes."""
    suites = suites_in(groups)
    shown: list[tuple[PageTable, PageTable | None]] = []
    notes: dict[str, None] = {}
    for metric, heading in HEADINGS.items():
        scores = {
            (group.name, suite): {
                run.seed: value
                for run in group.runs
                if (value := run.metrics.get("test", {}).get(suite, {}).get(metric)) is not None
            }
            for group in groups
            for suite in suites
        }
        found = tested([group.name for group in groups], suites, scores)
        rows = []
        for group in groups:
            cells = [found.cell(group.name, suite) for suite in suites]
            texts = [markup("<b>{}</b>", each.text) if each.best else each.text for each in cells]
            rows.append([group.name, *texts, str(len(group.runs))])
        means = PageTable(f"{heading}: mean and 95 % interval", ["runs", *suites, "seeds"], rows)
        tests = None
        if found.tests:
            text = found.text_of_tests(f"Paired tests of {heading}: each row against the first")
            lines = [[cell.text for cell in row] for row in text.rows]
            tests = PageTable(text.title, text.head, lines)
        shown.append((means, tests))
        notes |= dict.fromkeys(found.notes)
    return shown, list(notes)


def differences(runs: Sequence[Run], keys: Sequence[str]) -> PageTable:
    """Return a table of the settings that differ between the runs, with links to them."""
    rows = []
    for run in runs:
        link = markup('<a href="#{}">{}</a>', anchor_of(run), run.folder.name)
        values = [run.setting(key) or run.settings().get(key) or "–" for key in keys]
        f1 = run.metrics.get("test", {}).get("clean", {}).get("f1")
        state = "finished" if run.finished else run.error
        rows.append([link, *values, run.seed, score_text(f1), state])
    head = ["run", *keys, "seed", "F1, clean", "state"]
    caption = "Settings that differ between runs, without those determined by another setting"
    return PageTable(caption, head, rows, words=[len(head) - 1])


def members(group: RunGroup, mistakes: int, suite: str | None, device: str) -> list[dict[str, Any]]:
    """Return the template values of the runs of a group; only the first one shows single texts."""
    shown = []
    for number, run in enumerate(group.runs):
        parts = {"anchor": anchor_of(run), "title": f"{run.folder.name}, seed {run.seed}"}
        texts: dict[str, Any] = {"ladder": None, "mistakes": None}
        if number == 0:
            texts = texts_part(run, suite, mistakes, device)
        shown.append(parts | run_parts(run, hard_suite(run, suite)) | texts)
    return shown
