"""Cluster the glyphs of a font by visual similarity: the replacements of noise level 4.

python tools/clusterization.py --font-path=FONT.ttf --font-size=13 --clusters=500

Writes a JSON file {letter: [look-alikes]} and, next to it, a contact sheet (PNG) of the clusters.
With --unseen=0.85 it writes, for noise=unseen, up to twelve look-alikes per letter: the glyphs with
the highest cosine similarity, at least 0.85, that no level of noise contains. With --confusables it
writes, for `evaluation.unseen=FILE`, the characters that Unicode lists as confusable with each
letter (TS 39) and no level of noise contains.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli.tool import command, new_parser
from vitrina.errors import require
from vitrina.files import json_line, make_folder, replacing
from vitrina.glyphs.clustering import cluster_glyphs, contact_sheet, font_or_default, look_alikes
from vitrina.noise.tables import seen_glyphs
from vitrina.normalizers.confusables import unseen_confusables

FOLDER = Path("resources") / "letter_replacement"
MOST_UNSEEN = 12


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("--font-path", help="font file (default: the project's font)")
    parser.add_argument("--font-size", type=int, default=13, help="em square in pixels")
    parser.add_argument("--clusters", type=int, default=500, help="number of clusters")
    parser.add_argument("--seed", type=int, default=0, help="seed of the k-means initialization")
    parser.add_argument("--unseen", type=float, metavar="COSINE", help="look-alikes of no level")
    parser.add_argument("--confusables", action="store_true", help="look-alikes by Unicode's list")
    parser.add_argument("--save-to", type=Path, help="JSON file to write")
    arguments = parser.parse_args(argv)
    min_cosine = arguments.unseen
    name = "clusterization.json" if min_cosine is None else "unseen.json"
    name = "confusables.json" if arguments.confusables else name
    path: Path = arguments.save_to or FOLDER / name
    require(arguments.font_size >= 4, "--font-size", arguments.font_size, "at least 4")
    picture = path.with_suffix(".png")
    require(picture != path, "--save-to", str(path), "a JSON file; the PNG is written next to it")
    require(0 <= arguments.seed < 2**32, "--seed", arguments.seed, "from 0 to 2^32 - 1")
    valid = min_cosine is None or 0 < min_cosine < 1
    require(valid, "--unseen", min_cosine, "a cosine between 0 and 1, both excluded")
    alone = not arguments.confusables or (min_cosine is None and arguments.font_path is None)
    require(alone, "--confusables", True, "given without --unseen and --font-path")
    font = font_or_default(arguments.font_path)
    if arguments.confusables:
        clusters = unseen_confusables()
    elif min_cosine is not None:
        size = arguments.font_size
        clusters = look_alikes(font, size, min_cosine, MOST_UNSEEN, seen_glyphs())
    else:
        clusters = cluster_glyphs(
            font,
            arguments.font_size,
            arguments.clusters,
            seed=arguments.seed,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
    make_folder(path.parent)
    lines = [f"  {json_line(letter)}: {json_line(alike)}" for letter, alike in clusters.items()]
    with replacing(path) as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")
    contact_sheet(clusters, font, picture)
    sizes = [len(set(members) - {letter}) for letter, members in clusters.items()]
    print(f"{path}: {len(clusters)} letters, {sum(sizes) / len(sizes):.1f} look-alikes each")
    print(f"{picture}: contact sheet")


if __name__ == "__main__":
    sys.exit(main())
