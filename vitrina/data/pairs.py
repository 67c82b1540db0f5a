"""Disguises that people wrote: rows with a text as it was found, and the text corrected."""

from __future__ import annotations

from vitrina.data.chunks import Chunk
from vitrina.data.config import DatasetConfig
from vitrina.data.ingestion import RowReader
from vitrina.errors import InputError

RAW, CORRECTED = "pairs", "pairs_corrected"
"""Names of the two suites."""


def read_pairs(reader: RowReader, config: DatasetConfig) -> dict[str, Chunk]:
    """The texts of `dataset.pairs` as they were found and as they were corrected, in one order.

    Raises:
        InputError: if the file is bad, or rows were skipped of which only one text can be used.
    """
    path = config.pairs
    if path is None:
        return {}
    parts = {
        RAW: reader.file("pairs", path),
        CORRECTED: reader.file("pairs", path, text_field=config.corrected_field),
    }
    raw, corrected = parts.values()
    if len(raw.labels) != len(corrected.labels):
        raise InputError(
            f"{path}: {len(raw.labels):,} rows have a usable {config.text_field!r}, "
            f"{len(corrected.labels):,} a usable {config.corrected_field!r}; every row of pairs "
            "needs both"
        )
    return parts
