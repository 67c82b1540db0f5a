"""Apply noise to a jsonl file; all other fields and the order of the lines stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import InputError
from vitrina.files import json_line, replacing
from vitrina.noise.perturbation import Noise
from vitrina.noise.perturbed import PerturbedBatch
from vitrina.text.batch import TextBatch
from vitrina.text.cleaning import clean
from vitrina.text.config import CleaningConfig

LINES_AT_ONCE = 1024
_NOTHING = CleaningConfig.nothing()


def corrupt_file(
    noise: Noise, source: Path, target: Path, *, text_field: str = "text", pieces: bool = False
) -> int:
    """Write `source` with noisy texts to `target`; return the number of lines.

    The write is atomic. The line number is the key of the noise of a line.

    Args:
        noise: the noise, drawn for epoch 0.
        source: jsonl, one object with a text per line.
        target: may be `source`.
        text_field: the field with the text.
        pieces: write the text as `[[piece, label], …]`: words and the text between them, with
            label 1 for the toxic words of the noise's lexicon.

    Raises:
        InputError: if a line is not such an object, or a file cannot be read or written.
    """
    rows = _read(source, text_field)
    count = 0
    with replacing(target) as file:
        while batch := list(islice(rows, LINES_AT_ONCE)):
            texts = TextBatch.from_strings([clean(row[text_field], _NOTHING).text for row in batch])
            indices = np.arange(count, count + len(batch))
            noisy = noise(texts, noise.mark(texts), indices, 0)
            values = labeled_pieces(noisy) if pieces else noisy.texts.to_strings()
            for row, value in zip(batch, values, strict=True):
                file.write(json_line({**row, text_field: value}) + "\n")
            count += len(batch)
    return count


def labeled_pieces(noisy: PerturbedBatch) -> list[list[tuple[str, int]]]:
    """Return (piece, label) pairs of each text: noisy words and the text between them.

    The label is 1 for toxic words, else 0. A word with an inserted space stays one piece; a
    deleted word has no piece.
    """
    spans = noisy.word_spans()
    starts, ends, toxic = spans.starts.tolist(), spans.ends.tolist(), spans.toxic.tolist()
    found = []
    for index, text in enumerate(noisy.texts):
        pieces: list[tuple[str, int]] = []
        position = 0
        for word in range(int(spans.offsets[index]), int(spans.offsets[index + 1])):
            pieces += [(signs, 0) for signs in text[position : starts[word]].split()]
            if starts[word] < ends[word]:
                pieces.append((text[starts[word] : ends[word]], int(toxic[word])))
            position = ends[word]
        pieces += [(signs, 0) for signs in text[position:].split()]
        found.append(pieces)
    return found


def _read(source: Path, text_field: str) -> Iterator[dict[str, Any]]:
    try:
        file = source.open("rb")
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror})") from None
    number = 0
    with file:
        for number, line in enumerate(file, start=1):
            yield _row(f"{source}:{number}", line, text_field)
    if number == 0:
        raise InputError(f"{source}: is empty")


def _row(place: str, line: bytes, text_field: str) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: is not UTF-8 text (byte {error.start} of the line)") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: is not JSON ({error})") from None
    if not isinstance(row, dict):
        raise InputError(f"{place}: must be an object with the field {text_field!r}")
    if text_field not in row:
        has = ", ".join(map(repr, row)) or "none"
        raise InputError(f"{place}: has no field {text_field!r}; it has {has}")
    if not isinstance(row[text_field], str):
        raise InputError(f"{place}: {text_field} = {row[text_field]!r}: must be a text")
    return row
