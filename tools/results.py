"""Render the tables and figures of the documentation from the files in docs/results.

python tools/results.py                      # rewrite outdated tables and figures
python tools/results.py --check              # exit code 1 if a document is outdated
python tools/results.py --collect outputs/main --save-to docs/results/main.json \\
    --metric "clean F1=test.clean.f1" --metric "training=train.seconds"

--collect takes folders of runs and sweeps, and the JSON files of tools/benchmark.py and
tools/normalize.py. It makes or updates a result file. Runs that differ only in the seed form one
row; an existing row keeps its label. Without --metric the existing columns are updated. In
commands, folders in the environment variables DATA and TABLES are written as $DATA and $TABLES.
A metric is LABEL=PATH, a dotted path into metrics.json or into a row of a tool's file; * takes the
mean over a list, 1-PATH is 1 minus the value. vitrina/reports/result_files.py describes the files,
vitrina/reports/documents.py the markers in documents.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli.tool import command, new_parser
from vitrina.errors import require
from vitrina.files import make_folder
from vitrina.reports.documents import FOLDER, update
from vitrina.reports.result_files import Results, collect, load, save


@command
def main(argv: Sequence[str] | None = None) -> int | None:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--check", action="store_true", help="write nothing; name what differs")
    add("--root", type=Path, default=Path(), help="folder of the repository (%(default)s)")
    add("--collect", type=Path, nargs="+", metavar="FOLDER", help="runs, sweeps or files of tools")
    add("--metric", action="append", metavar="LABEL=PATH", help="column and score; repeatable")
    add("--save-to", type=Path, metavar="FILE", help="result file that --collect makes or updates")
    arguments = parser.parse_args(argv)
    if arguments.collect is not None:
        require(arguments.save_to is not None, "--save-to", None, "given with --collect")
        results = load(arguments.save_to) if arguments.save_to.exists() else Results()
        metrics = {column.label: column.metric for column in results.columns if column.metric}
        if arguments.metric:
            metrics = dict(_metric(each) for each in arguments.metric)
        require(bool(metrics), "--metric", None, "given where the file has no column with a metric")
        for line in collect(results, arguments.collect, metrics):
            print(f"left out: {line}", file=sys.stderr)
        make_folder(arguments.save_to.parent)
        save(results, arguments.save_to)
        return None
    changed = update(arguments.root, write=not arguments.check)
    for place, name in changed:
        if arguments.check:
            print(f"{place}: {name} differs from {FOLDER}/{name}.json", file=sys.stderr)
        else:
            print(f"{place}: {name} is updated")
    return int(arguments.check and bool(changed))


def _metric(text: str) -> tuple[str, str]:
    label, _, path = text.rpartition("=")
    require(bool(label and path), "--metric", text, "LABEL=PATH, such as clean F1=test.clean.f1")
    return label, path


if __name__ == "__main__":
    sys.exit(main())
