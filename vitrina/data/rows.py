"""Columnar rows: the original rows of a dataset as concatenated JSON.

Only the output of predictions needs them, so they are stored compactly: slightly larger than the
file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitrina.text.batch import offsets_of, take_ragged


@dataclass(frozen=True)
class Rows:
    """Rows with all their fields; `rows[i]` is a dict.

    Attributes:
        data: uint8 [num_bytes], JSON.
        offsets: int64 [num_rows + 1]; row `i` is `data[offsets[i]:offsets[i + 1]]`.
    """

    data: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_dicts(cls, rows: Iterable[Mapping[str, Any]]) -> Rows:
        lines = [encode_row(row) for row in rows]
        data = np.frombuffer(b"".join(lines), dtype=np.uint8)
        return cls(data, offsets_of(list(map(len, lines))))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        return json.loads(self.data[self.offsets[index] : self.offsets[index + 1]].tobytes())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))

    def take(self, indices: np.ndarray | Sequence[int]) -> Rows:
        """Return the rows at `indices`, in that order."""
        return Rows(*take_ragged(self.data, self.offsets, np.asarray(indices)))


# `json.dumps` with these arguments would create an encoder for each row.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def encode_row(row: Mapping[str, Any]) -> bytes:
    """Encode a row as UTF-8 JSON; other types (dates) become strings, lone surrogates escapes.

    >>> encode_row({"toxic": 1, "n": None})
    b'{"toxic":1,"n":null}'
    """
    try:
        return _encode(row).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row, separators=(",", ":"), default=str).encode("ascii")
