"""Measure how fast the project is, each row against an obvious form of the same work.

python tools/benchmark.py --data comments.jsonl
python tools/benchmark.py --rows render,predict --save-to benchmark.json

Both forms give the same result, which is checked first, and run in turn in one process. Figures
are medians, with the 10th and 90th percentile in brackets. Without --data the texts are the demo
corpus, whose comments are short and alike: padding costs little there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from vitrina.benchmark.bench import Bench
from vitrina.benchmark.row import Row
from vitrina.benchmark.rows import ROWS
from vitrina.benchmark.table import build_table, circumstances, markdown
from vitrina.errors import InputError
from vitrina.files import replacing


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default=",".join(ROWS), help="which, parted by commas")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--data", type=Path, help="jsonl file with the fields text and toxic")
    parser.add_argument("--threads", type=int, help="threads of the CPU's matrix library")
    parser.add_argument("--repetitions", type=int, default=5, help="turns forth and back")
    parser.add_argument("--texts", type=int, default=32, help="comments in a compared batch")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the row `data`")
    parser.add_argument("--save-to", type=Path, help="json file for all figures")
    parser.add_argument("--markdown", action="store_true", help="show the table as markdown")
    arguments = parser.parse_args(argv)
    try:
        return _run(arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    names = [name.strip() for name in arguments.rows.split(",")]
    for name in names:
        if name not in ROWS:
            raise InputError(f"--rows {name}: must be among {', '.join(ROWS)}")
    for option in ("threads", "repetitions", "texts", "lines"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            raise InputError(f"--{option} {value}: must be at least 1")
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    bench = Bench(
        arguments.data,
        arguments.device,
        arguments.repetitions,
        arguments.texts,
        arguments.lines,
    )
    console = Console()
    given = circumstances(bench)
    console.print(", ".join(f"{k} {v}" for k, v in given.items()), highlight=False, soft_wrap=True)
    rows: list[Row] = []
    for name in names:
        for row in ROWS[name](bench):
            rows.append(row)
            console.print(f"{row.name}: {row.result}  {row.what}", highlight=False, soft_wrap=True)
            if arguments.save_to is not None:  # after each row, as a long run may be interrupted
                _save(arguments.save_to, given, rows)
    if arguments.markdown:
        print(markdown(rows))
    else:
        console.print(build_table(rows))
    return 0


def _save(path: Path, given: dict[str, object], rows: Sequence[Row]) -> None:
    found = {"circumstances": given, "rows": [row.as_json() for row in rows]}
    with replacing(path) as file:
        json.dump(found, file, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
