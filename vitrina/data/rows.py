"""Rows in columns: the original rows of a dataset as JSON text, one after the other.

They are only needed again to be written beside predictions, so they are kept in the form that
costs least: a few bytes more than the file itself.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitrina.text.columns import Texts, take_ragged


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
        data, lengths = bytearray(), array("q")
        for row in rows:
            line = encode_row(row)
            data += line
            lengths.append(len(line))
        return cls(np.frombuffer(data, dtype=np.uint8), offsets_of(lengths))

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
        """The rows at `indices`, in that order."""
        return Rows(*take_ragged(self.data, self.offsets, np.asarray(indices)))


def encode_row(row: Mapping[str, Any]) -> bytes:
    """A row as JSON in UTF-8; lone surrogates become escapes, read back as they were."""
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    try:
        return line.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row, separators=(",", ":")).encode("ascii")


def offsets_of(lengths: array[int]) -> np.ndarray:
    """int64 [num_rows + 1]: where each row begins, and where the last one ends."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.frombuffer(lengths, dtype=np.int64), out=offsets[1:])
    return offsets


class Columns:
    """Texts, labels, groups and rows that grow while a file is read, without an object a row."""

    def __init__(self) -> None:
        self._code_points, self._text_lengths = bytearray(), array("q")
        self._rows, self._row_lengths = bytearray(), array("q")
        self._labels, self._groups = array("q"), array("q")

    def append(self, text: str, label: int, group: int, row: Mapping[str, Any]) -> None:
        """Add a row; `group` is negative for a row that stands alone."""
        self._code_points += text.encode("utf-32-le", "surrogatepass")
        self._text_lengths.append(len(text))
        line = encode_row(row)
        self._rows += line
        self._row_lengths.append(len(line))
        self._labels.append(label)
        self._groups.append(group)

    def __len__(self) -> int:
        return len(self._labels)

    def texts(self) -> Texts:
        code_points = np.frombuffer(self._code_points, dtype="<u4")
        return Texts(code_points, offsets_of(self._text_lengths))

    def rows(self) -> Rows:
        return Rows(np.frombuffer(self._rows, dtype=np.uint8), offsets_of(self._row_lengths))

    def labels(self) -> np.ndarray:
        """int64 [num_rows]"""
        return np.array(self._labels, dtype=np.int64)

    def groups(self) -> np.ndarray:
        """int64 [num_rows], distinct values for rows that stand alone."""
        groups = np.array(self._groups, dtype=np.int64)
        return np.where(groups < 0, -1 - np.arange(len(groups)), groups)
