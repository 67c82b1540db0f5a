"""Train a glyph encoder to classify characters in any face, position and stroke width.

python tools/train_glyph_encoder.py --save-to=encoder.safetensors

It learns characters of many scripts, distorted, in the faces that matplotlib ships and those of
--font. Look-alikes that test models are held out: those of noise=unseen, those that Unicode lists
as confusable with a Russian letter and no level of noise contains, and those of --hold-out. At the
end, a table shows how often the imitated letter is found, by the features of the encoder and by
other features. `deobfuscator.shapes=FILE` compares glyphs by the features of the encoder.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from vitrina.cli.tool import command, new_parser
from vitrina.errors import require
from vitrina.files import make_folder
from vitrina.glyphs.encoder import EncoderFeatures, own_encoder, read_encoder
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.whitening import fit_whitening
from vitrina.noise.tables import unseen_options
from vitrina.normalizers.confusables import unseen_confusables

from .font_dataset import draw_font_dataset, own_faces
from .retrieval import Retrieval, retrieve, retrieve_by_confusables
from .training import (
    MULTIPLE_PX,
    GlyphEncoder,
    GlyphTraining,
    save_encoder,
    train_glyph_encoder,
)

SIZES = (1.0, 0.85, 1.15)
"""Sizes of the drawn characters, as multiples of --font-size."""

Sets = Mapping[str, Mapping[str, Sequence[str]]]


@command
def main(argv: Sequence[str] | None = None) -> None:
    arguments = _parser().parse_args(argv)
    console = Console()
    for name, bound in (("steps", 1), ("batch_size", 2), ("channels", 1), ("features", 1)):
        value = getattr(arguments, name)
        require(value >= bound, f"--{name.replace('_', '-')}", value, f"at least {bound}")
    require(arguments.font_size >= 4, "--font-size", arguments.font_size, "at least 4")
    for name in ("height", "width"):
        value = getattr(arguments, name)
        fits = value >= MULTIPLE_PX and value % MULTIPLE_PX == 0
        require(fits, f"--{name}", value, f"a multiple of {MULTIPLE_PX}")
    torch.set_num_threads(arguments.threads)
    sets = _look_alikes(arguments.hold_out)
    _train(arguments, sets, console)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    defaults = GlyphTraining()
    parser.add_argument("--save-to", type=Path, default=own_encoder(), help="file to write")
    parser.add_argument("--steps", type=int, default=defaults.steps, help="optimizer steps")
    parser.add_argument("--batch-size", type=int, default=defaults.batch_size, help="glyphs")
    parser.add_argument("--channels", type=int, default=16, help="of the first convolution")
    parser.add_argument("--features", type=int, default=128, help="features of a glyph")
    parser.add_argument("--font-size", type=int, default=12, help="em square in pixels")
    parser.add_argument("--height", type=int, default=24, help="of the canvas in pixels")
    parser.add_argument("--width", type=int, default=16, help="of the canvas in pixels")
    parser.add_argument(
        "--font", type=Path, action="append", default=[], help="additional font file; repeatable"
    )
    parser.add_argument(
        "--hold-out",
        type=Path,
        action="append",
        default=[],
        help="JSON file of held-out look-alikes, {letter: [glyphs]}; repeatable",
    )
    parser.add_argument("--seed", type=int, default=defaults.seed, help="random seed")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of torch")
    return parser


def _look_alikes(files: Sequence[Path]) -> dict[str, dict[str, list[str]]]:
    """Return the sets of look-alikes that test the encoder, by name."""
    sets = {"noise=unseen": unseen_options(), "confusable (TS 39)": unseen_confusables()}
    return sets | {file.name: unseen_options(file, known_level=3) for file in files}


def _train(arguments: argparse.Namespace, sets: Sets, console: Console) -> None:
    held_out = {glyph for rows in sets.values() for glyphs in rows.values() for glyph in glyphs}
    faces = [*own_faces(), *arguments.font]
    canvas = (arguments.height, arguments.width)
    sizes = [round(arguments.font_size * share) for share in SIZES]
    dataset = draw_font_dataset(faces, sizes, *canvas, held_out=held_out)
    console.print(
        f"{len(dataset.characters)} characters of {dataset.num_classes} classes in "
        f"{len(faces)} faces: {len(dataset.pictures)} images",
        highlight=False,
    )
    started = time.monotonic()

    def progress(step: int, loss: float) -> None:
        seconds = time.monotonic() - started
        line = f"step {step}/{arguments.steps}  loss {loss:.3f}  {seconds:.0f} s"
        print(line, file=sys.stderr, flush=True)

    training = replace(
        GlyphTraining(),
        steps=arguments.steps,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
    )
    make = partial(
        GlyphEncoder, *canvas, arguments.font_size, arguments.channels, arguments.features
    )
    encoder = train_glyph_encoder(make, dataset, training, progress)
    seconds = time.monotonic() - started
    make_folder(arguments.save_to.parent)
    made = {
        "steps": arguments.steps,
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        "faces": [face.name for face in faces],
        "held_out": "".join(sorted(held_out)),
    }
    save_encoder(arguments.save_to, encoder, made)
    console.print(_table(arguments.save_to, dataset.characters, sets))
    console.print(f"{arguments.save_to}: trained in {seconds:.0f} s", highlight=False)


def _table(path: Path, shown: Sequence[str], sets: Sets) -> Table:
    """Return a table of how often each kind of features finds the imitated letter."""
    fitted, _ = read_encoder(path)
    height, width, size = (int(px) for px in fitted.arrays["canvas"])
    encoder, pictures = EncoderFeatures(fitted), GlyphRenderer([], size, height)

    def pixels(glyphs: Sequence[str]) -> np.ndarray:
        return pictures.render(glyphs, width).reshape(len(glyphs), -1) / 255.0

    def features(glyphs: Sequence[str]) -> np.ndarray:
        return encoder(torch.from_numpy(pictures.render(glyphs, width))).numpy()

    compared: dict[str, Callable[[Mapping[str, Sequence[str]]], Retrieval]] = {
        "raw pixels": lambda rows: retrieve(rows, pixels),
        "whitened pixels": lambda rows: retrieve(rows, _whitened(pixels, shown)),
        "glyph encoder": lambda rows: retrieve(rows, features),
        "glyph encoder, whitened": lambda rows: retrieve(rows, _whitened(features, shown)),
        "Unicode's confusables (TS 39)": retrieve_by_confusables,
    }
    table = Table(title="Letters found for held-out look-alikes: top 1 / top 5")
    table.add_column("by")
    for name in sets:
        table.add_column(name, justify="right")
    for name, find in compared.items():
        found = [find(rows) for rows in sets.values()]
        table.add_row(name, *(f"{each.top_1:.3f} / {each.top_5:.3f}" for each in found))
    counts = [str(retrieve_by_confusables(rows).count) for rows in sets.values()]
    table.add_row("look-alikes", *counts)
    return table


def _whitened(
    features: Callable[[Sequence[str]], np.ndarray], shown: Sequence[str]
) -> Callable[[Sequence[str]], np.ndarray]:
    fitted = fit_whitening(features(shown), 128, 0.05).arrays
    return lambda glyphs: (features(glyphs) - fitted["mean"]) @ fitted["projection"]
