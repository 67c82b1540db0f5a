"""Deobfuscate texts with the deobfuscator of a run: write disguised words in plain letters.

python tools/deobfuscate.py RUN_FOLDER "}|{опа и д у р а к"
python tools/deobfuscate.py RUN_FOLDER --data=comments.jsonl --save-to=plain.jsonl
python tools/deobfuscate.py RUN_FOLDER < comments.txt

RUN_FOLDER is any run with deobfuscator=words or deobfuscator=codes. Texts are cleaned as in
training. In a file, `text` is replaced and `original_text` keeps the input; order and other fields
stay. Not related to the decoder of a sequence-to-sequence model.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli.tool import batches, command, new_parser, standard_input
from vitrina.data.formats import read_jsonl
from vitrina.errors import require
from vitrina.evaluation.report import json_line, with_prediction
from vitrina.files import replacing
from vitrina.inference.load import load


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("run", type=Path, metavar="RUN_FOLDER", help="folder of a finished run")
    add("texts", nargs="*", metavar="TEXT", help="texts (default: lines of standard input)")
    add("--data", type=Path, help="jsonl file of texts")
    add("--save-to", type=Path, help="file to write, with --data")
    add("--text-field", default="text", help="field that contains the text (%(default)s)")
    arguments = parser.parse_args(argv)
    together = (arguments.data is None) == (arguments.save_to is None)
    require(together, "--save-to", str(arguments.save_to), "given together with --data")
    model = load(arguments.run, "cpu")
    if arguments.data is None:
        for text in arguments.texts or standard_input():
            print(model.deobfuscate([text])[0])
        return
    field = arguments.text_field
    with replacing(arguments.save_to) as file:
        for rows in batches(read_jsonl(arguments.data, field)):
            plain = model.deobfuscate([row[field] for row in rows])
            for row, text in zip(rows, plain, strict=True):
                file.write(json_line(with_prediction(row, {field: text})) + "\n")


if __name__ == "__main__":
    sys.exit(main())
