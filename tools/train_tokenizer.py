"""Train a WordPiece tokenizer on the texts of a jsonl file.

python tools/train_tokenizer.py --data=noisy.jsonl --save-to=tokenizer

writes tokenizer/tokenizer.json; a run uses it with `embedder.tokenizer=tokenizer`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.data.sources import read_jsonl
from vitrina.errors import InputError
from vitrina.models.embedders.wordpiece import train_wordpiece


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="jsonl file with the texts")
    parser.add_argument("--save-to", type=Path, required=True, help="folder of the tokenizer")
    parser.add_argument("--text-field", default="text", help="field that holds the text")
    parser.add_argument("--vocabulary-size", type=int, default=10_000, help="word pieces, at most")
    parser.add_argument("--min-frequency", type=int, default=2, help="occurrences a piece needs")
    parser.add_argument("--cased", action="store_true", help="keep upper and lower case apart")
    arguments = parser.parse_args(argv)
    try:
        texts = (row[arguments.text_field] for row in read_jsonl(arguments.data))
        tokenizer = train_wordpiece(
            texts,
            arguments.vocabulary_size,
            min_frequency=arguments.min_frequency,
            lowercase=not arguments.cased,
        )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    arguments.save_to.mkdir(parents=True, exist_ok=True)
    path = arguments.save_to / "tokenizer.json"
    temporary = path.with_name(path.name + ".tmp")
    tokenizer.save(str(temporary))
    temporary.replace(path)
    print(f"{path}: {tokenizer.get_vocab_size()} word pieces")
    return 0


if __name__ == "__main__":
    sys.exit(main())
