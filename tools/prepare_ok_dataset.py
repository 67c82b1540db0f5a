"""Convert the Odnoklassniki comments (Kaggle: Toxic Russian Comments) to jsonl.

python tools/prepare_ok_dataset.py --data=dataset.txt --save-to=dataset.jsonl

`__label__INSULT скотина! что сказать` becomes {"text": "скотина! что сказать", "toxic": 1}. A
comment is benign if NORMAL is its only label.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli.tool import command, new_parser
from vitrina.data.config import OkConfig
from vitrina.data.formats import Source
from vitrina.errors import InputError
from vitrina.files import json_line, replacing


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="file of fastText lines, as published")
    add("--save-to", type=Path, required=True, help="jsonl file to write")
    add(
        "--on-error",
        choices=("fail", "skip"),
        default="fail",
        help="stop at a bad line, or skip and count it (%(default)s)",
    )
    options = parser.parse_args(argv)
    source = Source(options.data, OkConfig(train=str(options.data)), options.on_error)
    count = convert(source, options.save_to)
    for note in source.skipped_notes():
        print(note)
    print(f"{count} lines written to {options.save_to}")


def convert(source: Source, target: Path) -> int:
    """Write the rows of `source` as jsonl to `target`; return their number.

    Raises:
        InputError: if a line is bad, the file has no rows, or a file cannot be read or written.
    """
    count = 0
    with replacing(target) as file:
        for _, row in source:
            file.write(json_line({"text": row["text"], "toxic": row["toxic"]}) + "\n")
            count += 1
        if not count:
            raise InputError(f"{source.path}: {source.why_empty()}")
    return count


if __name__ == "__main__":
    sys.exit(main())
