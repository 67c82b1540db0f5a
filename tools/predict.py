"""Predict texts with a trained model.

python tools/predict.py RUN_FOLDER --data=comments.jsonl --save-to=scored.jsonl
python tools/predict.py RUN_FOLDER --text "…"
python tools/predict.py RUN_FOLDER < comments.txt > scored.jsonl

Adds to each row of a jsonl file `score` (the probability of the positive class; with more than two
classes that of each class), `label`, `unread` and `unsupported` (shares of the text that was not
read, or is in no language of the training) and `review` (whether a person should decide); order and
other fields stay. With task=labeling it adds `words`, each with its `start` and `end` in the text,
`score` and `label`. Lines of standard input are plain texts. Texts may be empty, very long and
contain any character.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from vitrina.cli.tool import batches, command, new_parser, standard_input
from vitrina.data.formats import read_jsonl
from vitrina.evaluation.report import json_line, with_prediction
from vitrina.files import replacing
from vitrina.inference.load import TrainedModel, load


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="folder of a finished run")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, help="jsonl file of texts")
    source.add_argument("--text", help="one text")
    parser.add_argument("--save-to", type=Path, help="file to write (default: standard output)")
    parser.add_argument("--text-field", default="text", help="field that contains the text")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    arguments = parser.parse_args(argv)
    model = load(arguments.run, arguments.device)
    rows = _rows(arguments)
    with _output(arguments.save_to) as file:
        for row in score(model, rows, arguments.text_field):
            file.write(json_line(row) + "\n")


def score(
    model: TrainedModel, rows: Iterable[dict[str, Any]], text_field: str
) -> Iterator[dict[str, Any]]:
    """Yield the rows with their predictions, in order, reading one batch at a time."""
    for batch in batches(rows):
        predictions = model.predict([row[text_field] for row in batch])
        for row, prediction in zip(batch, predictions, strict=True):
            yield with_prediction(row, prediction.fields())


def _rows(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    field = arguments.text_field
    if arguments.text is not None:
        yield {field: arguments.text}
    elif arguments.data is None:
        yield from ({field: line} for line in standard_input())
    else:
        yield from read_jsonl(arguments.data, field)


@contextmanager
def _output(path: Path | None) -> Iterator[IO[str]]:
    """Yield a file that is written atomically; without a path, standard output."""
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with replacing(path) as file:
        yield file


if __name__ == "__main__":
    sys.exit(main())
