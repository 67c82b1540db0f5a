"""Draw a text as the input of a visual model: clean, and with the noise of each level.

python tools/draw.py "не будь такой жопой" --save-to=noisy.png
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vitrina.cli.tool import command, new_parser
from vitrina.config import compose_config
from vitrina.errors import require
from vitrina.files import make_folder, replacement
from vitrina.glyphs.preview import sketch
from vitrina.glyphs.renderer import GlyphRenderer
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
    arguments = parser.parse_args(argv)
    require(arguments.scale >= 1, "--scale", arguments.scale, "at least 1")
    rows = [("clean", arguments.text)]
    noise = compose_config(["noise=uniform", f"noise.p={arguments.p}"]).noise
    texts = TextBatch.from_strings([arguments.text])
    for level in range(1, 5):
        corrupt = build_noise(
            replace(noise, level_toxic=level, level_non_toxic=level), arguments.seed
        )
        noisy = corrupt(texts, corrupt.mark(texts), np.zeros(1, dtype=np.int64), 0)
        rows.append((f"level {level}", noisy.texts[0]))
    picture = sketch(rows, GlyphRenderer(arguments.font, 12, 24), scale=arguments.scale)
    make_folder(arguments.save_to.parent)
    with replacement(arguments.save_to) as temporary:
        picture.save(temporary, format="PNG")
    for caption, text in rows:
        print(f"{caption}: {text}")


if __name__ == "__main__":
    sys.exit(main())
