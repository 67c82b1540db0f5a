"""The report of a sweep: runs side by side, then each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vitrina.errors import InputError
from vitrina.evaluation.plot import HEADINGS
from vitrina.evaluation.tables import SYNTHETIC, score_text
from vitrina.reports.curves import (
    RunGroup,
    attack_part,
    family_charts,
    level_charts,
    suites_in,
    worst_families,
)
from vitrina.reports.document import (
    Content,
    Html,
    bullets,
    code,
    deeper,
    details,
    element,
    join,
    page,
    paragraph,
    section,
    table,
)  # fmt: skip
from vitrina.reports.formats import TEST_HEADINGS, cell_text, test_cells
from vitrina.reports.mistakes import ladder_part, mistakes_part
from vitrina.reports.run_report import (
    commands,
    hard_suite,
    headline,
    judged,
    made,
    require_labels,
    scores_table,
)  # fmt: skip
from vitrina.reports.runs import Run, differing, newest_of_each
from vitrina.reports.table import tested

Part = tuple[str, str, Html]


def sweep_report(
    folder: Path,
    runs: Sequence[Run],
    *,
    mistakes: int,
    suite: str | None = None,
    device: str = "auto",
) -> str:
    """The whole page of a sweep.

    Args:
        runs: all that stand in its folder, at least one of them finished.
        mistakes: how many are shown of the first run of each group of seeds.
        suite: the suite that they are of; None: the hardest of the ordinary ones.

    Raises:
        InputError: if no run has finished, none has the wanted suite, or one says no labels.
    """
    keys = differing(runs)
    kept, notes = newest_of_each(runs, keys or ["model"])
    finished = [run for run in kept if run.finished]
    if not finished:
        raise InputError(f"{folder}: none of the {len(runs)} runs has finished")
    for run in finished:
        require_labels(run)
    groups = group_by_seed(finished, keys)
    parts: list[Part] = [
        _part("Scores", "scores", *_compared(groups, notes)),
        _part("Curves", "curves", *_curves(groups)),
    ]
    attack = attack_part(groups)
    if attack is not None:
        parts.append(_part("Attacks", "attacks", attack))
    parts.append(_part("Configurations", "differences", *_differences(kept, keys)))
    shown = [_group_part(group, mistakes, suite, device) for group in groups]
    parts.append(_part("Runs", "runs", *_unfinished(kept), *shown))
    parts.append(_part("How it was made", "made", *_made(kept)))
    synthetic = [run.result.synthetic for run in finished]
    note = f" · {SYNTHETIC}" if any(synthetic) else ""
    subtitle = f"{len(finished)} of {len(kept)} runs have finished{note}"
    return page(f"Sweep {folder.resolve().name}", subtitle, parts)


def _part(title: str, anchor: str, *content: Content) -> Part:
    return title, anchor, section(title, anchor, *content)


def group_by_seed(runs: Sequence[Run], keys: Sequence[str]) -> list[RunGroup]:
    """Runs that have the same values of `keys`, in order; named by these values."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(name_of(run, keys), []).append(run)
    return [RunGroup(name, members) for name, members in groups.items()]


def name_of(run: Run, keys: Sequence[str]) -> str:
    """The model, and what else distinguishes a run but for its seed."""
    model = run.setting("model") or run.folder.name
    others = [f"{key}={run.setting(key)}" for key in keys if key != "model" and run.setting(key)]
    return " ".join([model, *others])


def anchor_of(run: Run) -> str:
    """Of a run's own part; folder names may hold anything."""
    return "run-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in run.folder.name)


def _compared(groups: Sequence[RunGroup], notes: Sequence[str]) -> list[Content]:
    suites = suites_in(groups)
    parts: list[Content] = []
    explained: dict[str, None] = {}
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
            cells: list[Content] = [group.name]
            for suite in suites:
                text = cell_text(found.cells[group.name, suite])
                best = (group.name, suite) in found.best
                cells.append(element("b", text) if best else text)
            rows.append([*cells, str(len(group.runs))])
        parts.append(table(f"{heading}: mean and 95 % interval", ["runs", *suites, "seeds"], rows))
        explained |= dict.fromkeys(found.notes)
        if found.tests:
            lines = [test_cells(test) for test in found.tests]
            caption = f"{heading}: each row against the first, paired by seed"
            tests = table(caption, TEST_HEADINGS, lines)
            parts.append(details(f"Paired tests of {heading}", tests))
    told = [*explained, *notes]
    return [*parts, bullets(told, "quiet")] if told else parts


def _curves(groups: Sequence[RunGroup]) -> list[Content]:
    parts: list[Content] = [level_charts(groups)]
    families = family_charts(groups)
    if families is not None:
        parts.append(families)
        rows = worst_families(groups)
        caption = "Where each model is worst (first seed)"
        parts.append(table(caption, ["runs", "lowest score", "family"], rows))
    return parts


def _differences(runs: Sequence[Run], keys: Sequence[str]) -> list[Content]:
    rows = []
    for run in runs:
        link = element("a", run.folder.name, href=f"#{anchor_of(run)}")
        values = [run.setting(key) or run.settings().get(key) or "–" for key in keys]
        state = "finished" if run.finished else run.result.error
        f1 = run.metrics.get("test", {}).get("clean", {}).get("f1")
        rows.append([link, *values, run.seed, score_text(f1), state])
    head = ["run", *keys, "seed", "F1, clean", "state"]
    caption = "What distinguishes the runs; settings that follow from another choice are left out"
    return [table(caption, head, rows, words=[len(head) - 1])]


def _unfinished(runs: Sequence[Run]) -> list[Content]:
    lines = []
    for run in runs:
        if not run.finished:
            anchor = anchor_of(run)
            told = f"{run.folder.name}: {run.result.error}"
            lines.append(element("li", element("span", told, id=anchor)))
    return [element("h3", "Failed or not finished"), element("ul", join(lines))] if lines else []


def _group_part(group: RunGroup, mistakes: int, suite: str | None, device: str) -> Html:
    """The runs of a group, each closed at first; the first one with its mistakes."""
    parts: list[Content] = [element("h3", group.name)]
    for number, run in enumerate(group.runs):
        chosen = hard_suite(run, suite)
        inside: list[Content] = [headline(run), scores_table(run), *judged(run, chosen)]
        if number == 0:
            inside += [element("h3", "One text at each level"), ladder_part(run, device)]
        if number == 0 and mistakes:
            worst = mistakes_part(run, chosen, mistakes, device)
            inside += [element("h3", "Worst mistakes"), worst]
        inside.append(details("How this run was made", made(run)))
        title = f"{run.folder.name}, seed {run.seed}"
        opened = details(title, *map(deeper, inside))
        parts.append(element("div", opened, id=anchor_of(run)))
    return join(parts)


def _made(runs: Sequence[Run]) -> list[Content]:
    given = dict.fromkeys(str(run.record["command"]) for run in runs if run.record.get("command"))
    whole = [f"python {line}" if line.startswith("main.py") else line for line in given]
    alone = list(dict.fromkeys(commands(run)[0] for run in runs))
    parts: list[Content] = [paragraph("As they were started:"), code("\n".join(whole))]
    return [*parts, details("Each run alone", code("\n".join(alone)))]
