"""Documents whose tables and figures come from result files (`vitrina.reports.result_files`).

A table is between two lines of a document, in README.md, README.ru.md or docs/:

    <!-- results:NAME -->
    <!-- /results -->

In place of `results:NAME`, `results:NAME:commands` shows the commands and `results:NAME:caption`
only the sentences below the table. A file that is a figure is drawn as docs/pictures/NAME.png.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from vitrina.errors import InputError
from vitrina.files import make_folder, replacing
from vitrina.reports.figure import draw_tables
from vitrina.reports.formats import Cell, TextTable, markdown_lines
from vitrina.reports.result_files import Column, Results, Row, by_seed, load, shown_commands
from vitrina.reports.statistics import SeedMean, mean_over_seeds
from vitrina.reports.table import SeedTable, best_shown

FOLDER = Path("docs/results")
PICTURES = Path("docs/pictures")

BLOCK = re.compile(
    r"^<!-- results:([\w-]+)(:commands|:caption)? -->\n(.*?)^<!-- /results -->$",
    re.DOTALL | re.MULTILINE,
)
OPENED = re.compile(r"^<!-- results:.*$", re.MULTILINE)

ENOUGH_SEEDS = 3
"""From so many seeds on a mean is shown with its interval."""

DIGEST = "Results"
"""Key of a figure's metadata: the hash of the numbers that it shows."""

WORDS = {
    "en": {
        "seeds": "{} of {} seeds",
        "texts": "{:,} test texts.",
        "one": "One seed.",
        "means": "Means of {} seeds.",
        "intervals": "Means of {} seeds with 95 % intervals.",
        "best": "Bold: the best of a column.",
        "synthetic": "Synthetic demo corpus: these scores say nothing about real comments.",
        "version": "Measured with version {}.",
    },
    "ru": {
        "seeds": "{} из {} seed",
        "texts": "Тестовых текстов: {:,}.",
        "one": "Одно начальное число (seed).",
        "means": "Средние по {} начальным числам (seed).",
        "intervals": "Средние по {} начальным числам (seed) с 95 % интервалами.",
        "best": "Полужирным: лучшее в столбце.",
        "synthetic": "Синтетический демонстрационный корпус: о настоящих комментариях не говорит.",
        "version": "Измерено версией {}.",
    },
}
"""Generated words below a table, by language."""


def update(root: Path, *, write: bool) -> list[tuple[str, str]]:
    """Render all tables and draw all figures.

    Args:
        root: folder of the repository.
        write: whether to write what differs.

    Returns:
        Each place that differed, a document or a picture, and the name of the result file.

    Raises:
        InputError: if a marker names no result file or is not closed, or a result file is broken.
    """
    results = {path.stem: load(path) for path in sorted((root / FOLDER).glob("*.json"))}
    changed: list[tuple[str, str]] = []
    for path in documents(root):
        text = path.read_text("utf-8")
        place = path.relative_to(root).as_posix()
        new, names = rendered(text, results, place)
        changed += [(place, name) for name in names]
        if write and names:
            with replacing(path) as file:
                file.write(new)
    for name, figure in results.items():
        path = root / PICTURES / f"{name}.png"
        if figure.is_figure and _digest_in(path) != _digest(figure):
            changed.append((f"{PICTURES}/{name}.png", name))
            if write:
                make_folder(path.parent)
                draw(figure, path)
    return changed


def documents(root: Path) -> Iterator[Path]:
    """Return the documents that may hold tables."""
    yield from (path for path in (root / "README.md", root / "README.ru.md") if path.is_file())
    yield from sorted((root / "docs").rglob("*.md"))


def rendered(text: str, results: Mapping[str, Results], place: str) -> tuple[str, list[str]]:
    """Return the text of a document with its tables, and the names of those that were different.

    Raises:
        InputError: if a marker names none of `results`, or is not closed.
    """
    language = "ru" if place.endswith(".ru.md") else "en"
    opened, closed = OPENED.findall(text), BLOCK.findall(text)
    if len(opened) != len(closed):
        raise InputError(
            f"{place}: {len(opened)} lines <!-- results:NAME -->, of which {len(closed)} are "
            "well-formed and closed by <!-- /results -->"
        )
    changed: dict[str, None] = {}

    def block(match: re.Match[str]) -> str:
        name, part, old = match.groups()
        if name not in results:
            known = ", ".join(results) or "no file"
            raise InputError(f"{place}: results:{name}: must be one of {FOLDER}: {known}")
        found = results[name]
        lines = table_lines(found, language)
        if part == ":commands":
            lines = ["```bash", *shown_commands(found), "```"]
        elif part == ":caption":
            lines = lines[-1:]
        new = "\n".join(["", *lines, "", ""])
        if new != old:
            changed[name] = None
        return match[0].removesuffix(f"{old}<!-- /results -->") + new + "<!-- /results -->"

    return BLOCK.sub(block, text), list(changed)


def table_lines(results: Results, language: str) -> list[str]:
    """Return a table and the sentences below it as lines of Markdown."""
    translated = partial(_translated, results, language)
    head = [translated(results.first)]
    head += [translated(column.label) for column in results.columns]
    best = {(n, column.label) for column in results.columns for n in _best(results, column)}
    words = WORDS[language]
    rows = []
    for n, row in enumerate(results.rows):
        counts = [
            len(row.scores[c.label]) for c in results.columns if by_seed(row.scores.get(c.label))
        ]
        alike = len(set(counts)) == 1
        notes = [_missing(count, results, language) for count in counts]
        cells = [Cell(translated(row.label) + (notes[0] if alike else ""))]
        for column in results.columns:
            cell = _cell(row, column, results, language)
            score = row.scores.get(column.label)
            note = "" if alike or not by_seed(score) else _missing(len(score), results, language)
            cells.append(Cell(cell.text, (n, column.label) in best, cell.suffix + note))
        rows.append(cells)
    lines = markdown_lines(TextTable("", head, rows), escaped=False)
    return [*lines, "", " ".join(_sentences(results, words, translated(results.caption)))]


def _translated(results: Results, language: str, text: str) -> str:
    return results.ru.get(text, text) if language == "ru" else text


def _sentences(results: Results, words: Mapping[str, str], caption: str) -> Iterator[str]:
    if caption:
        yield caption
    if results.num_texts:
        yield words["texts"].format(results.num_texts)
    if seeds := results.num_seeds:
        known = any(by_seed(score) for row in results.rows for score in row.scores.values())
        form = "one" if seeds == 1 else "intervals" if known and seeds >= ENOUGH_SEEDS else "means"
        yield words[form].format(seeds)
    if any(column.best for column in results.columns):
        yield words["best"]
    measured = [results.measured_in(row) for row in results.rows]
    if any(each.get("synthetic") for each in measured):
        yield words["synthetic"]
    versions = dict.fromkeys(
        each["vitrina"] + (f" ({each['commit'][:7]})" if "commit" in each else "")
        for each in measured
        if "vitrina" in each
    )
    if versions:
        yield words["version"].format(", ".join(versions))


def _mean(row: Row, column: Column) -> SeedMean | None:
    """The mean of a score as it is shown; None if there is no number."""
    score = row.scores.get(column.label)
    scale = 100 if column.unit == "%" else 1
    if by_seed(score) and score:
        mean = mean_over_seeds([scale * value for value in score.values()])
        enough = mean.num_seeds >= ENOUGH_SEEDS
        return mean if enough else replace(mean, low=float("nan"), high=float("nan"), method="")
    if isinstance(score, int | float):
        return SeedMean(scale * score, float("nan"), float("nan"), 1, "")
    return None


def _best(results: Results, column: Column) -> set[int]:
    if not column.best:
        return set()
    means = [mean and mean.mean for mean in (_mean(row, column) for row in results.rows)]
    return best_shown(means, lower=column.best == "min", digits=column.digits)


def _cell(row: Row, column: Column, results: Results, language: str) -> Cell:
    score = row.scores.get(column.label)
    if isinstance(score, str):
        return Cell(score)
    if isinstance(score, Mapping) and not by_seed(score):
        return Cell(_quantity(score, column))
    mean = _mean(row, column)
    if mean is None:
        return Cell("–")
    suffix = f" {_translated(results, language, column.unit)}" if column.unit else ""
    return Cell(mean.rounded(column.digits), suffix=suffix)


def _missing(num_seeds: int, results: Results, language: str) -> str:
    """Names how many seeds a score has, where another one of the table has more."""
    most = results.num_seeds or 0
    return f" ({WORDS[language]['seeds'].format(num_seeds, most)})" if num_seeds < most else ""


def _quantity(value: Mapping[str, Any], column: Column) -> str:
    """A measured number with its unit, and its range where there is one."""

    def figure(number: float) -> str:
        if "unit" not in value:
            return f"{number:,.{column.digits}f}"
        return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"

    text = f"{figure(value['value'])} {value.get('unit', '')}".rstrip()
    if value.get("low") is None or value.get("high") is None:
        return text
    return f"{text} ({figure(value['low'])} to {figure(value['high'])})"


def draw(results: Results, path: Path) -> None:
    """Draw a file that is a figure: a line for each row, a panel for each `panel`."""
    rows = [row.label.strip("`") for row in results.rows]
    panels = list(dict.fromkeys(column.panel for column in results.columns))
    tables = []
    for panel in panels:
        columns = [column for column in results.columns if column.panel == panel]
        cells = {
            (label, f"{column.x}"): _mean(row, column)
            for label, row in zip(rows, results.rows, strict=True)
            for column in columns
        }
        names = [f"{column.x}" for column in columns]
        tables.append(SeedTable("", results.first, results.x, rows, names, {}, cells, set(), []))
    draw_tables(tables, panels, path, {DIGEST: _digest(results)})


def _digest(results: Results) -> str:
    shown = [asdict(each) for each in (*results.columns, *results.rows)] + [results.x]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _digest_in(path: Path) -> str | None:
    """The digest that a figure holds; None if there is no such picture."""
    try:
        with Image.open(path) as image:
            return image.info.get(DIGEST)
    except OSError:
        return None
