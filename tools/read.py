"""Recognize text with a trained model, or draw examples of recognized texts.

python tools/read.py RUN_FOLDER "}|{0па"
python tools/read.py RUN_FOLDER < comments.txt
python tools/read.py RUN_FOLDER --save-to=readings.png --suite=level_4 --count=20

RUN_FOLDER is the folder of a run with ocr=ctc. With --save-to, the image shows test texts of the
run (or texts of --data, a jsonl file) with the noise of a test suite: the drawn text, the target
and the recognized text, wrong letters in red. With --data alone, the field `read` is added to each
row of the file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vitrina.cli.tool import batches, command, new_parser, standard_input
from vitrina.data.dataset import load_dataset
from vitrina.data.formats import read_jsonl
from vitrina.errors import InputError, require
from vitrina.evaluation.config import SUITES
from vitrina.evaluation.report import json_line, with_prediction
from vitrina.evaluation.suites import noise_config
from vitrina.files import make_folder, replacement
from vitrina.inference.load import TrainedModel, load
from vitrina.noise.perturbation import build_noise
from vitrina.tasks.ocr.picture import Example, draw_examples
from vitrina.text.batch import TextBatch

LONGEST = 60
"""Maximum number of letters of an example, so that the image fits on a page."""


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="folder of a finished run")
    parser.add_argument("text", nargs="*", help="texts (default: lines of standard input)")
    parser.add_argument("--data", type=Path, help="jsonl file of texts")
    parser.add_argument("--text-field", default="text", help="field that contains the text")
    parser.add_argument("--save-to", type=Path, help="PNG file of examples to write")
    parser.add_argument("--suite", default="level_4", choices=SUITES, help="noise of the examples")
    parser.add_argument("--count", type=int, default=20, help="number of examples in the image")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    arguments = parser.parse_args(argv)
    require(arguments.count >= 1, "--count", arguments.count, "at least 1")
    model = load(arguments.run, arguments.device)
    if arguments.save_to is not None:
        _draw(model, arguments)
    elif arguments.data is not None:
        for batch in batches(read_jsonl(arguments.data, arguments.text_field)):
            recognized = model.recognize([row[arguments.text_field] for row in batch])
            for row, text in zip(batch, recognized, strict=True):
                print(json_line(with_prediction(row, {"read": text})))
    else:
        for batch in batches(arguments.text or standard_input()):
            print("\n".join(model.recognize(batch)))


def _draw(model: TrainedModel, arguments: argparse.Namespace) -> None:
    """Draw examples that the noise changes, spread evenly over the texts."""
    recognizer, settings = model.recognizer, model.config.evaluation
    texts = _texts(model, arguments)
    noise, noisy = noise_config(arguments.suite, settings), texts
    if noise is not None:
        corruption, indices = build_noise(noise, settings.seed), np.arange(len(texts))
        noisy = corruption.corrupted(texts, corruption.mark(texts), indices, 0)
    wanted = noisy if model.config.ocr.recognizes_noise else texts
    shown = [
        index
        for index, (clean, changed) in enumerate(zip(texts, noisy, strict=True))
        if 0 < len(changed) <= LONGEST and (noise is None or clean != changed)
    ]
    if not shown:
        raise InputError(
            f"--suite = {arguments.suite!r}: changes no text of at most {LONGEST} letters"
        )
    spread = np.unique(np.linspace(0, len(shown) - 1, arguments.count).astype(np.int64))
    chosen = np.array(shown)[spread]
    meant = recognizer.symbols.readable(recognizer.pipeline(wanted.take(chosen)))
    drawn = recognizer.pipeline(noisy.take(chosen))
    columns = zip(drawn, meant, recognizer(noisy.take(chosen)), strict=True)
    examples = [Example(*column) for column in columns]
    make_folder(arguments.save_to.parent)
    with replacement(arguments.save_to) as temporary:
        draw_examples(examples, recognizer.embedder.tokenizer.renderer).save(
            temporary, format="PNG"
        )
    for example in examples:
        print(f"{example.drawn}\n  meant {example.meant}\n  read  {example.read}")


def _texts(model: TrainedModel, arguments: argparse.Namespace) -> TextBatch:
    if arguments.data is None:
        return load_dataset(
            model.config.dataset, model.config.seed, model.config.task.label_rules()
        ).test.texts
    rows = read_jsonl(arguments.data, arguments.text_field)
    return model.cleaned([row[arguments.text_field] for row in rows])


if __name__ == "__main__":
    sys.exit(main())
