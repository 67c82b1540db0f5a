"""Normalize and deobfuscate texts, or measure how much noise normalizers and deobfuscators undo.

python tools/normalize.py "}|{0па"
python tools/normalize.py --normalizer=rules < comments.txt
python tools/normalize.py --data=comments.jsonl noise=uniform noise.level_toxic=4
python tools/normalize.py --data=comments.jsonl --noisy=level_4.jsonl --deobfuscate=RUN_FOLDER

--deobfuscate adds the normalizer and the deobfuscator of a run. With --data, the noise of the
settings (those of main.py) is added to the texts, or --noisy names a file of the same texts in the
same order with noise. Words are separated by spaces. The columns of the table are:

restored     share of the words changed by noise that are restored exactly; words that the
             normalizer breaks are subtracted, so it can be negative
as before    share of all words that equal the clean text
untouched    share of the words that stay unchanged in texts without noise
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from vitrina.cli.tool import command, new_parser, standard_input
from vitrina.config import compose_config
from vitrina.data.formats import read_jsonl
from vitrina.errors import require
from vitrina.inference.load import load, recognizer_opener
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.normalizers.measure import compare_words
from vitrina.registry import Component, components
from vitrina.runs.record import environment, write_json
from vitrina.text.batch import TextBatch


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("words", nargs="*", metavar="TEXT or KEY=VALUE", help="a text; with --data, settings")
    add(
        "--normalizer",
        action="append",
        choices=list(components("normalizer")),
        help="only this normalizer; repeatable (default: all)",
    )
    add("--data", type=Path, help="jsonl file of clean texts, to measure")
    add("--noisy", type=Path, help="jsonl file of the same texts with noise (default: drawn)")
    add("--text-field", default="text", help="field that contains the text (%(default)s)")
    add("--noisy-field", help="the same in the file of --noisy (default: --text-field)")
    add(
        "--deobfuscate",
        type=Path,
        action="append",
        metavar="RUN_FOLDER",
        help="add the deobfuscator of this run; repeatable",
    )
    add("--save-to", type=Path, help="json file for the shares, with --data")
    arguments = parser.parse_args(argv)
    settings = arguments.words if arguments.data is not None else []
    given = arguments.noisy is None or arguments.data is not None
    require(given, "--noisy", str(arguments.noisy), "given together with --data")
    given = arguments.save_to is None or arguments.data is not None
    require(given, "--save-to", str(arguments.save_to), "given together with --data")
    normalizers: dict[str, Callable[[TextBatch], TextBatch]] = {
        name: build_normalizer(
            compose_config([f"normalizer={name}", *settings]).normalizer,
            recognizer_opener("auto"),
        )
        for name in arguments.normalizer
        or [name for name, each in components("normalizer").items() if not _needs_run(each)]
    }
    for run in arguments.deobfuscate or []:
        model = load(run, "cpu")
        normalizers[f"{model.config.deobfuscator.kind} ({run.name})"] = model.deobfuscated
    if arguments.data is not None:
        _measure(normalizers, arguments, settings)
    else:
        _show(normalizers, arguments.words)


def _needs_run(normalizer: Component) -> bool:
    return getattr(normalizer.settings, "needs_run", False)


def _show(
    normalizers: Mapping[str, Callable[[TextBatch], TextBatch]], texts: Sequence[str]
) -> None:
    for text in texts or standard_input():
        for name, normalizer in normalizers.items():
            normal = normalizer(TextBatch.from_strings([text]))[0]
            print(normal if len(normalizers) == 1 else f"{name}: {normal}")


def _measure(
    normalizers: Mapping[str, Callable[[TextBatch], TextBatch]],
    arguments: argparse.Namespace,
    settings: Sequence[str],
) -> None:
    clean = _texts(arguments.data, arguments.text_field)
    if arguments.noisy is not None:
        noisy = _texts(arguments.noisy, arguments.noisy_field or arguments.text_field)
        same = len(noisy) == len(clean)
        require(same, "--noisy", f"{len(noisy)} texts", f"{len(clean)} texts, as in --data")
    else:
        config = compose_config(settings)
        noise = build_noise(config.noise, config.seed)
        noisy = noise.corrupted(clean, noise.mark(clean), np.arange(len(clean)), 0)
    rows = []
    table = Table("normalizer", "restored", "as before", "untouched in clean texts", "characters/s")
    for name, normalizer in normalizers.items():
        without_noise = compare_words(clean, clean, normalizer(clean))
        started = time.perf_counter()
        normal = normalizer(noisy)
        seconds = time.perf_counter() - started
        counts = compare_words(clean, noisy, normal)
        shares = (counts.restored, counts.intact, without_noise.intact)
        speed = len(noisy.code_points) / max(seconds, 1e-9)
        table.add_row(name, *(f"{share:.2%}" for share in shares), f"{speed:,.0f}")
        names = ("restored", "intact", "untouched")
        rows.append({"name": name, **dict(zip(names, shares, strict=True)), "speed": speed})
    Console().print(table)
    if arguments.save_to is not None:
        write_json(arguments.save_to, {"environment": environment(), "rows": rows})


def _texts(path: Path, field: str) -> TextBatch:
    return TextBatch.from_strings([row[field] for row in read_jsonl(path, field)])


if __name__ == "__main__":
    sys.exit(main())
