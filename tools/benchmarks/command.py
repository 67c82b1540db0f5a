"""Benchmark the speed of the project against simple reference implementations.

python tools/benchmark.py --data comments.jsonl
python tools/benchmark.py --rows render,noise --save-to benchmark.json

Each row first checks that both implementations give the same result, then times them alternately in
one process. Numbers are medians, with the 10th and 90th percentile in parentheses. Without --data
the texts are the demo corpus, whose comments are short and similar in length: padding costs little.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from rich.console import Console

from vitrina.cli.tool import command, new_parser
from vitrina.errors import InputError
from vitrina.files import replacing

from . import host, steps
from .row import Row, build_table, environment, markdown
from .target import Bench

ROWS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "same": steps.same,
    "render": host.render,
    "train": steps.train,
    "train_equal": steps.train_equal,
    "memory": steps.memory,
    "utilization": steps.utilization,
    "noise": host.noise,
}
"""Names for `--rows`. A name may yield several rows of the table."""


@command
def main(argv: Sequence[str] | None = None) -> int | None:
    parser = new_parser(__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="names, separated by commas")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--data", type=Path, help="jsonl file with the fields text and toxic")
    parser.add_argument("--threads", type=int, help="CPU threads of torch")
    parser.add_argument("--repetitions", type=int, default=5, help="number of A B B A sequences")
    parser.add_argument("--texts", type=int, default=32, help="texts in a compared batch")
    parser.add_argument("--save-to", type=Path, help="JSON file of all numbers")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args(argv)
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    names = [name.strip() for name in arguments.rows.split(",")]
    for name in names:
        if name not in ROWS:
            raise InputError(f"--rows {name}: must be one of {', '.join(ROWS)}")
    for option in ("threads", "repetitions", "texts"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            raise InputError(f"--{option} {value}: must be at least 1")
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    bench = Bench(arguments.data, arguments.device, arguments.repetitions, arguments.texts)
    console = Console()
    given = environment(bench)
    console.print(", ".join(f"{k} {v}" for k, v in given.items()), highlight=False, soft_wrap=True)
    rows: list[Row] = []
    for name in names:
        for row in ROWS[name](bench):
            rows.append(row)
            console.print(f"{row.name}: {row.result}  {row.what}", highlight=False, soft_wrap=True)
            if arguments.save_to is not None:  # a long run may be interrupted
                _save(arguments.save_to, given, rows)
    if arguments.markdown:
        print(markdown(rows))
    else:
        console.print(build_table(rows))
    return 0


def _save(path: Path, given: dict[str, object], rows: Sequence[Row]) -> None:
    found = {"environment": given, "rows": [row.as_json() for row in rows]}
    with replacing(path) as file:
        json.dump(found, file, indent=2, ensure_ascii=False)
