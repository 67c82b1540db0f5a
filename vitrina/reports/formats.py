"""A table over seeds as text: for the terminal, markdown, LaTeX and csv."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vitrina.evaluation.tables import score_text
from vitrina.reports.statistics import LEVEL, SeedMean
from vitrina.reports.table import PairedTest, SeedTable

TEST_HEADINGS = ("column", "row", "against", "difference", "pairs", "p", "Holm")


def cell_text(cell: SeedMean | None) -> str:
    """Mean and interval; the number of seeds is told beside it."""
    if cell is None:
        return "–"
    digits = 3 if abs(cell.mean) < 100 else 0
    mean = f"{cell.mean:,.{digits}f}"
    if cell.method == "t":
        return f"{mean} ± {cell.high - cell.mean:,.{digits}f}"
    if cell.method == "bca":
        return f"{mean} [{cell.low:,.{digits}f}–{cell.high:,.{digits}f}]"
    return mean


def counted(cell: SeedMean | None) -> str:
    """How many seeds, in brackets."""
    return "" if cell is None else f" ({cell.num_seeds})"


def p_text(p: float) -> str:
    """Three decimals, and never zero."""
    return "< 0.001" if p < 0.001 else score_text(p)


def test_cells(test: PairedTest) -> list[str]:
    """The cells of a test under `TEST_HEADINGS`."""
    return [
        test.column,
        test.row,
        test.baseline,
        f"{test.difference:+.3f}",
        str(test.num_pairs),
        p_text(test.p),
        p_text(test.adjusted) + (" *" if test.adjusted <= LEVEL else ""),
    ]


def terminal(table: SeedTable) -> RenderableType:
    """For rich: the table, the tests, then notes and failed runs."""
    shown = Table(title=escape(table.title), title_justify="left", box=box.SIMPLE_HEAD)
    shown.add_column(escape(table.row_key), overflow="fold")
    for column in table.columns:
        shown.add_column(escape(_heading(table, column)), justify="right", overflow="fold")
    for row in table.rows:
        shown.add_row(escape(row), *(_rich_cell(table, row, column) for column in table.columns))
    parts: list[RenderableType] = [shown]
    if table.tests:
        tests = Table(title="paired tests", title_justify="left", box=box.SIMPLE_HEAD)
        for number, heading in enumerate(TEST_HEADINGS):
            tests.add_column(heading, justify="left" if number < 3 else "right")
        for test in table.tests:
            tests.add_row(*map(escape, test_cells(test)))
        parts.append(tests)
    parts += [Text(note) for note in _notes(table)]
    parts += [Text(line, style="red") for line in table.failed]
    return Group(*parts)


def _rich_cell(table: SeedTable, row: str, column: str) -> str:
    cell = table.cells[row, column]
    text = escape(cell_text(cell))
    bold = f"[bold]{text}[/bold]" if (row, column) in table.best else text
    return bold + escape(counted(cell))


def _heading(table: SeedTable, column: str) -> str:
    return column if table.column_key == "metric" else f"{table.column_key} = {column}"


def _notes(table: SeedTable) -> list[str]:
    return ["in round brackets: seeds; bold: the best of a column", *table.notes]


def markdown(table: SeedTable) -> str:
    """Two tables, and lists of notes and of failed runs."""

    def bold(text: str) -> str:
        return f"**{text}**"

    lines = [f"**{_markdown(table.title)}**", ""]
    head = [table.row_key, *(_heading(table, column) for column in table.columns)]
    lines += _markdown_rows(head, 1, _rows(table, _markdown, bold))
    if table.tests:
        lines += ["", *_markdown_rows(TEST_HEADINGS, 3, map(test_cells, table.tests), _markdown)]
    lines += ["", *(f"- {_markdown(note)}" for note in [*_notes(table), *table.failed])]
    return "\n".join(lines) + "\n"


def _rows(
    table: SeedTable, safe: Callable[[str], str], bold: Callable[[str], str]
) -> list[list[str]]:
    found = []
    for row in table.rows:
        cells = [safe(row)]
        for column in table.columns:
            cell = table.cells[row, column]
            text = safe(cell_text(cell))
            cells.append((bold(text) if (row, column) in table.best else text) + counted(cell))
        found.append(cells)
    return found


def _markdown_rows(head, num_left: int, rows, safe: Callable[[str], str] = str) -> list[str]:
    marks = ["---" if number < num_left else "---:" for number in range(len(head))]
    lines = ["| " + " | ".join(map(_markdown, head)) + " |", "|" + "|".join(marks) + "|"]
    return lines + ["| " + " | ".join(map(safe, cells)) + " |" for cells in rows]


def _markdown(text: str) -> str:
    """Signs of markdown stand for themselves; a setting's line between words may stay."""
    return re.sub(r"([\\`*|<>\[\]~]|(?<!\w)_|_(?!\w))", r"\\\1", text).replace("\n", " ")


def latex(table: SeedTable) -> str:
    """Two tabulars (package booktabs); notes and failed runs are comments behind them."""

    def bold(text: str) -> str:
        return rf"\textbf{{{text}}}"

    head = [table.row_key, *(_heading(table, column) for column in table.columns)]
    lines = [f"% {_comment(table.title)}; needs \\usepackage{{booktabs}}"]
    lines += _tabular(head, 1, _rows(table, _latex, bold))
    if table.tests:
        cells = [list(map(_latex, test_cells(test))) for test in table.tests]
        lines += ["", *_tabular(TEST_HEADINGS, 3, cells)]
    lines += [f"% {_comment(note)}" for note in [*_notes(table), *table.failed]]
    return "\n".join(lines) + "\n"


def _tabular(head: Sequence[str], num_left: int, rows: Sequence[Sequence[str]]) -> list[str]:
    align = "l" * num_left + "r" * (len(head) - num_left)
    return [
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        " & ".join(map(_latex, head)) + r" \\",
        r"\midrule",
        *(" & ".join(cells) + r" \\" for cells in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]


LATEX_SIGNS = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "–": "--", "<": r"$<$", ">": r"$>$", "\n": " ", "[": "{[}", "]": "{]}",
}  # fmt: skip


def _latex(text: str) -> str:
    return "".join(LATEX_SIGNS.get(sign, sign) for sign in text)


def _comment(text: str) -> str:
    return " ".join(text.split())


CSV_HEADINGS = (
    "mean", "low", "high", "interval", "seeds", "best", "baseline", "difference", "pairs", "p",
    "p_holm",
)  # fmt: skip


def comma_separated(table: SeedTable) -> str:
    """A line for each cell with all digits, and the test of its row where there is one."""
    tests = {(test.row, test.column): test for test in table.tests}
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([table.row_key, table.column_key, *CSV_HEADINGS])
    for (row, column), cell in table.cells.items():
        values: list[object] = [""] * 6
        if cell is not None:
            ends = (cell.low, cell.high) if cell.method else ("", "")
            best = int((row, column) in table.best)
            values = [cell.mean, *ends, cell.method, cell.num_seeds, best]
        test = tests.get((row, column))
        tested: list[object] = [""] * 5
        if test is not None:
            tested = [test.baseline, test.difference, test.num_pairs, test.p, test.adjusted]
        writer.writerow([row, column, *values, *tested])
    return file.getvalue()


FORMATS = ("terminal", "markdown", "latex", "csv")


def as_text(table: SeedTable, form: str, *, width: int | None = None) -> str:
    """The table in one of `FORMATS`; for the terminal without colour."""
    if form == "terminal":
        console = Console(width=width or 120, color_system=None, file=io.StringIO())
        with console.capture() as capture:
            console.print(terminal(table))
        return capture.get()
    writers = {"markdown": markdown, "latex": latex, "csv": comma_separated}
    return writers[form](table)
