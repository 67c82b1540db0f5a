"""Train a WordPiece tokenizer on the texts of a jsonl file.

python tools/train_tokenizer.py --data=noisy.jsonl --save-to=tokenizer

Writes tokenizer/tokenizer.json; a run uses it with `embedder.tokenizer=tokenizer`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli.tool import command, new_parser
from vitrina.data.formats import read_jsonl
from vitrina.errors import InputError, require
from vitrina.files import make_folder, replacing
from vitrina.models.embedders.wordpiece import train_wordpiece


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="jsonl file with the texts")
    parser.add_argument("--save-to", type=Path, required=True, help="folder of the tokenizer")
    parser.add_argument("--text-field", default="text", help="field that contains the text")
    parser.add_argument("--vocabulary-size", type=int, default=10_000, help="maximum size")
    parser.add_argument("--min-frequency", type=int, default=2, help="minimum count of a piece")
    parser.add_argument("--cased", action="store_true", help="distinguish upper and lower case")
    arguments = parser.parse_args(argv)
    path: Path = arguments.save_to / "tokenizer.json"
    for name, least in (("vocabulary_size", 100), ("min_frequency", 1)):
        value = getattr(arguments, name)
        require(value >= least, f"--{name.replace('_', '-')}", value, f"at least {least}")
    tokenizer = train_wordpiece(
        _texts(arguments.data, arguments.text_field),
        arguments.vocabulary_size,
        min_frequency=arguments.min_frequency,
        lowercase=not arguments.cased,
    )
    make_folder(arguments.save_to)
    with replacing(path) as file:
        file.write(tokenizer.to_str(pretty=True))
    print(f"{path}: {tokenizer.get_vocab_size()} word pieces")


def _texts(path: Path, field: str) -> list[str]:
    # The tokenizer library needs UTF-8, which cannot encode lone surrogates.
    rows = read_jsonl(path, field)
    texts = [row[field].encode("utf-8", "replace").decode("utf-8") for row in rows]
    if not texts:
        raise InputError(f"{path}: there are no rows in the file")
    return texts


if __name__ == "__main__":
    sys.exit(main())
