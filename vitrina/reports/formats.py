"""Formats tables of runs for the terminal, and as Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text


class Cell(NamedTuple):
    """Text of a table cell, bold if it is the best of its column; `suffix` is never bold."""

    text: str
    best: bool = False
    suffix: str = ""


@dataclass
class TextTable:
    """A table of text.

    Attributes:
        num_names: number of leading columns that identify a row. They are left-aligned, and
            repeated if the table is split to fit the terminal.
    """

    title: str
    head: list[str]
    rows: list[list[Cell]]
    num_names: int = 1


@dataclass
class RunTables:
    """Tables of runs.

    Attributes:
        notes: sentences below the tables. failed: runs without scores, with their errors.
        values: header and rows in full precision, for CSV.
    """

    tables: list[TextTable]
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    values: list[list[Any]] = field(default_factory=list)


def terminal(found: RunTables, width: int) -> RenderableType:
    """Return tables, notes and failed runs for rich; tables wider than `width` are split."""
    parts: list[RenderableType] = []
    for table in found.tables:
        for number, columns in enumerate(_fitting(table, width)):
            title = escape(table.title) if number == 0 else None
            shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
            for column in columns:
                justify = "left" if column < table.num_names else "right"
                shown.add_column(escape(table.head[column]), justify=justify, overflow="fold")
            for row in table.rows:
                shown.add_row(*(_rich(row[column]) for column in columns))
            parts.append(shown)
    parts += [Text(note) for note in found.notes]
    return Group(*parts, *(Text(line, style="red") for line in found.failed))


def _rich(cell: Cell) -> str:
    text = escape(cell.text)
    return (f"[bold]{text}[/bold]" if cell.best else text) + escape(cell.suffix)


def _fitting(table: TextTable, width: int) -> Iterator[list[int]]:
    """Yield groups of columns that fit into `width` characters, each with the row names."""
    names = list(range(table.num_names))
    widths = [
        3 + max(cell_len(text) for text in (*head.split("\n"), *(c.text + c.suffix for c in cells)))
        for head, *cells in zip(table.head, *table.rows, strict=True)
    ]
    total, group = sum(widths[: len(names)]), list(names)
    free = width - total
    for column in range(len(names), len(widths)):
        if len(group) > len(names) and widths[column] > free:
            yield group
            free, group = width - total, list(names)
        group.append(column)
        free -= widths[column]
    yield group


def markdown(found: RunTables) -> str:
    """Return the tables as Markdown, with a list of notes and failed runs."""
    lines = []
    for table in found.tables:
        lines += [f"**{_markdown(table.title)}**", "", *markdown_lines(table), ""]
    lines += [f"- {_markdown(note)}" for note in [*found.notes, *found.failed]]
    return "\n".join(lines) + "\n"


def markdown_lines(table: TextTable, *, escaped: bool = True) -> list[str]:
    """Return the lines of a table without its title; not `escaped`, its text is Markdown."""
    safe = _markdown if escaped else str
    marks = ["---" if n < table.num_names else "---:" for n in range(len(table.head))]
    rows = [_row(_marked(row, safe, "**{}**"), "| {} |", " | ") for row in table.rows]
    return [_row(map(safe, table.head), "| {} |", " | "), f"|{'|'.join(marks)}|", *rows]


def latex(found: RunTables) -> str:
    """Return LaTeX tabulars (package booktabs); titles, notes and failed runs are comments."""
    lines = []
    for table in found.tables:
        align = "l" * table.num_names + "r" * (len(table.head) - table.num_names)
        lines += [
            f"% {_line(table.title)}; requires \\usepackage{{booktabs}}",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            _row(map(_latex, table.head), r"{} \\", " & "),
            r"\midrule",
            *(_row(_marked(row, _latex, r"\textbf{{{}}}"), r"{} \\", " & ") for row in table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    lines += [f"% {_line(note)}" for note in [*found.notes, *found.failed]]
    return "\n".join(lines) + "\n"


def _marked(row: list[Cell], safe: Callable[[str], str], bold: str) -> Iterator[str]:
    for cell in row:
        text = safe(cell.text)
        yield (bold.format(text) if cell.best else text) + cell.suffix


def _row(cells: Iterator[str], form: str, between: str) -> str:
    return form.format(between.join(cells))


def _markdown(text: str) -> str:
    """Escape Markdown; underscores inside words need no escape."""
    return re.sub(r"([\\`*|<>\[\]~]|(?<!\w)_|_(?!\w))", r"\\\1", text).replace("\n", " ")


LATEX_SIGNS = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "–": "--", "<": r"$<$", ">": r"$>$", "\n": " ", "[": "{[}", "]": "{]}",
}  # fmt: skip


def _latex(text: str) -> str:
    return "".join(LATEX_SIGNS.get(sign, sign) for sign in text)


def _line(text: str) -> str:
    return " ".join(text.split())


FORMATS = ("terminal", "markdown", "latex", "csv")


def as_text(found: RunTables, form: str) -> str:
    """Return the tables in one of `FORMATS`; `terminal` is without color."""
    file = io.StringIO()
    if form == "csv":
        csv.writer(file, lineterminator="\n").writerows(found.values)
        return file.getvalue()
    if form == "terminal":
        console = Console(width=120, color_system=None, file=file)
        console.print(terminal(found, console.width))
        return file.getvalue()
    return {"markdown": markdown, "latex": latex}[form](found)
