"""Print the scores of a sweep as a table: means over seeds with intervals and paired tests.

python tools/table.py SWEEP --rows model --columns noise.level_toxic --metric test.level_4.f1
python tools/table.py SWEEP --metric test.clean.f1 --metric curves.families.leet.aunc.f1
python tools/table.py SWEEP --format latex --save-to table.tex
python tools/table.py SWEEP --columns noise.level_toxic --metric … --metric … --picture curves.png

SWEEP is the folder of a sweep, such as outputs/runs. Rows and columns are settings: a group (model,
noise) or a dotted key (noise.level_toxic). With --columns metric, the default, each --metric is a
column. A metric is a dotted path into metrics.json. The runs of a cell are its seeds. Each row is
tested against --baseline by a two-sided sign-flip test over paired seeds, with Holm's correction
over the table. Failed and unfinished runs are listed below the table. The plot has a panel per
metric, with a line per row along the columns.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from vitrina.cli.tool import command, new_parser
from vitrina.errors import require
from vitrina.files import make_folder, replacing
from vitrina.reports.figure import draw_tables
from vitrina.reports.formats import FORMATS, as_text, terminal
from vitrina.reports.table import FIRST, METRIC, NONE, seed_table


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("sweep", type=Path, metavar="SWEEP", help="folder of a sweep")
    parser.add_argument("--rows", default="model", help="setting whose values are the rows")
    parser.add_argument("--columns", default=METRIC, help="setting of the columns, or metric")
    parser.add_argument(
        "--metric", action="append", help="dotted path into metrics.json (default: test.clean.f1)"
    )
    parser.add_argument(
        "--baseline",
        default=FIRST,
        help="row to test other rows against: its name, first, best (of each column), none",
    )
    parser.add_argument("--format", default="terminal", choices=FORMATS)
    parser.add_argument("--save-to", type=Path, help="file to write (default: standard output)")
    parser.add_argument("--picture", type=Path, help="PNG file of a plot, instead of a table")
    arguments = parser.parse_args(argv)
    metrics = arguments.metric or ["test.clean.f1"]
    if arguments.picture is not None:
        _draw(arguments, metrics)
        return
    table = seed_table(
        arguments.sweep,
        rows=arguments.rows,
        columns=arguments.columns,
        metrics=metrics,
        baseline=arguments.baseline,
    )
    if arguments.save_to is not None:
        make_folder(arguments.save_to.parent)
        with replacing(arguments.save_to) as file:
            file.write(as_text(table.text(), arguments.format))
    elif arguments.format == "terminal":
        console = Console()
        console.print(terminal(table.text(), console.width))
    else:
        print(as_text(table.text(), arguments.format), end="")


def _draw(arguments: argparse.Namespace, metrics: Sequence[str]) -> None:
    allowed = "left out with --picture, which shows intervals"
    require(arguments.save_to is None, "--save-to", str(arguments.save_to), allowed)
    allowed = "a setting with --picture, such as noise.level_toxic"
    require(arguments.columns != METRIC, "--columns", arguments.columns, allowed)
    tables = [
        seed_table(
            arguments.sweep,
            rows=arguments.rows,
            columns=arguments.columns,
            metrics=[metric],
            baseline=NONE,
        )
        for metric in metrics
    ]
    make_folder(arguments.picture.parent)
    draw_tables(tables, [metric.removeprefix("test.") for metric in metrics], arguments.picture)
    for line in dict.fromkeys(line for table in tables for line in table.failed):
        print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
