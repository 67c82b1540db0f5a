"""Draw a text as the input of a visual model: clean, and with the noise of each level.

python tools/draw.py "не будь такой жопой" --save-to=noisy.png
python tools/draw.py "}|{ирный д y р @ к" --deobfuscate=RUN_FOLDER --save-to=letters.png

With --deobfuscate it draws what the deobfuscator of a run does with the text.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vitrina.cli.tool import command, new_parser
from vitrina.config import compose_config
from vitrina.deobfuscation.preview import draw_deobfuscation
from vitrina.deobfuscation.words import WordDeobfuscator
from vitrina.errors import InputError, require
from vitrina.files import make_folder, replacement
from vitrina.glyphs.preview import sketch
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.inference.load import load
from vitrina.noise.perturbation import build_noise
from vitrina.text.batch import TextBatch


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("text", help="text to draw")
    parser.add_argument("--save-to", type=Path, required=True, help="PNG file to write")
    parser.add_argument("--p", type=float, default=0.5, help="share of letters to replace")
    parser.add_argument("--seed", type=int, default=1, help="seed of the noise")
    parser.add_argument("--font", action="append", default=[], help="font file; repeatable")
    parser.add_argument("--scale", type=int, default=3, help="image pixels per glyph pixel")
    parser.add_argument("--deobfuscate", type=Path, metavar="RUN_FOLDER", help="draw its letters")
    arguments = parser.parse_args(argv)
    require(arguments.scale >= 1, "--scale", arguments.scale, "at least 1")
    renderer = GlyphRenderer(arguments.font, 12, 24)
    if arguments.deobfuscate is None:
        rows = noisy_rows(arguments.text, arguments.p, arguments.seed)
        picture = sketch(rows, renderer, scale=arguments.scale)
    else:
        model = load(arguments.deobfuscate, "cpu")
        deobfuscator = model.pipeline.deobfuscator
        if not isinstance(deobfuscator, WordDeobfuscator):
            raise InputError(f"{model.folder}: must be a run with deobfuscator=words")
        text = model.pipeline.normalizer(model.cleaned([arguments.text]))[0]
        picture = draw_deobfuscation(deobfuscator, text, renderer, scale=arguments.scale)
        rows = [("clean", text), ("deobfuscated", model.deobfuscate([text])[0])]
    make_folder(arguments.save_to.parent)
    with replacement(arguments.save_to) as temporary:
        picture.save(temporary, format="PNG")
    for caption, text in rows:
        print(f"{caption}: {text}")


def noisy_rows(text: str, p: float, seed: int) -> list[tuple[str, str]]:
    """Return captions and texts: clean, and with the uniform noise of each level."""
    rows = [("clean", text)]
    noise = compose_config(["noise=uniform", f"noise.p={p}"]).noise
    texts = TextBatch.from_strings([text])
    for level in range(1, 5):
        perturb = build_noise(replace(noise, level_toxic=level, level_non_toxic=level), seed)
        noisy = perturb(texts, perturb.mark(texts), np.zeros(1, dtype=np.int64), 0)
        rows.append((f"level {level}", noisy.texts[0]))
    return rows


if __name__ == "__main__":
    sys.exit(main())
