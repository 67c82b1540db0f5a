"""Add the published noise to the texts of a jsonl file, strong noise to toxic words.

A lexicon defines the toxic words. Other fields stay as they are. The same seed gives the same
noise. With --sl each text is written as labeled pieces: [["cкотина", 1], ["!", 0], ...].
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli.tool import command, new_parser
from vitrina.errors import require
from vitrina.noise.config import PublishedNoiseConfig
from vitrina.noise.files import corrupt_file
from vitrina.noise.perturbation import build_noise


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="jsonl file with one text per object")
    add("--save-to", type=Path, required=True, help="jsonl file to write")
    add("--level-toxic", type=int, default=4, help="level in toxic words, 0 to 4 (%(default)s)")
    add(
        "--level-non-toxic",
        type=int,
        help="level in other words, 0 to 4 (the lower of --level-toxic and 2)",
    )
    shares = {
        "p-toxic-word": (0.5, "a toxic word is corrupted"),
        "p-toxic-symbol": (0.5, "a letter of a corrupted toxic word is replaced"),
        "p-space": (0.01, "a space is inserted after a letter of a corrupted toxic word"),
        "p-non-toxic-symbol": (0.1, "a letter of any other word is replaced"),
    }
    for name, (default, event) in shares.items():
        add(
            f"--{name}", type=float, default=default, help=f"probability that {event} (%(default)s)"
        )
    add("--sl", action="store_true", help="write texts as pieces with labels")
    add("--seed", type=int, default=1, help="seed of the noise (%(default)s)")
    add("--text-field", default="text", help="field that contains the text (%(default)s)")
    add("--lexicon", help="file of toxic words (the project's own)")
    add("--clusters", help="file of glyph clusters for level 4 (the project's own)")
    return parser.parse_args(argv)


@command
def main(argv: Sequence[str] | None = None) -> None:
    options = parse(argv)
    require(0 <= options.seed < 2**63, "seed", options.seed, "from 0 to 2^63 - 1")
    config = PublishedNoiseConfig(
        kind="published",
        level_toxic=options.level_toxic,
        level_non_toxic=options.level_non_toxic,
        p_toxic_word=options.p_toxic_word,
        p_toxic_symbol=options.p_toxic_symbol,
        p_space=options.p_space,
        p_non_toxic_symbol=options.p_non_toxic_symbol,
        masks="*.",
        resample_each_epoch=False,
        lexicon=options.lexicon,
        clusters=options.clusters,
    )
    noise = build_noise(config, options.seed, mark_toxic=options.sl)
    count = corrupt_file(
        noise, options.data, options.save_to, text_field=options.text_field, pieces=options.sl
    )
    print(f"{count} lines written to {options.save_to}")


if __name__ == "__main__":
    sys.exit(main())
