"""Columnar texts: one array of code points and one array of offsets.

Two arrays need four bytes per code point, without about 100 bytes of overhead per Python string.
Noise and tokenizers process a whole batch in a few array operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

NUM_CODE_POINTS = 0x110000
PIECE = 2**20
"""Values of a ragged array per pass. This bounds the memory of intermediate results, such as one
string per text or one int64 index per code point, which are larger than the array."""


@dataclass(frozen=True)
class TextBatch:
    """A ragged batch of texts.

    Attributes:
        code_points: uint32 [num_code_points], all texts concatenated.
        offsets: int64 [num_texts + 1]; text `i` is `code_points[offsets[i]:offsets[i + 1]]`.
    """

    code_points: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_strings(cls, strings: Sequence[str]) -> TextBatch:
        """Create a batch from any strings, including lone surrogates."""
        lengths = np.fromiter(map(len, strings), dtype=np.int64, count=len(strings))
        encoded = "".join(strings).encode("utf-32-le", "surrogatepass")
        # Joining a high and a low surrogate from two texts does not merge them in UTF-32.
        return cls(np.frombuffer(encoded, dtype="<u4"), offsets_of(lengths))

    @classmethod
    def join(cls, parts: Sequence[TextBatch]) -> TextBatch:
        """Concatenate batches."""
        if not parts:
            return cls.from_strings([])
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(np.concatenate([part.code_points for part in parts]), offsets_of(lengths))

    def to_strings(self) -> list[str]:
        """Return the texts as Python strings, the inverse of `from_strings`."""
        joined = self.code_points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        bounds = self.offsets.tolist()
        return [joined[a:b] for a, b in pairwise(bounds)]

    def to_encodable(self) -> list[str]:
        """Return strings that UTF-8 can encode: lone surrogates become `?`."""
        return [text.encode("utf-8", "replace").decode("utf-8") for text in self.to_strings()]

    @property
    def lengths(self) -> np.ndarray:
        """int64 [num_texts], in code points."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        part = self.code_points[self.offsets[index] : self.offsets[index + 1]]
        return part.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        for start, stop in pieces(self.offsets):
            yield from self.part(start, stop).to_strings()

    def part(self, start: int, stop: int) -> TextBatch:
        """Return texts `start` to `stop` (exclusive) as a view."""
        offsets = self.offsets[start : stop + 1]
        return TextBatch(self.code_points[offsets[0] : offsets[-1]], offsets - offsets[0])

    def take(self, indices: np.ndarray | Sequence[int]) -> TextBatch:
        """Return the texts at `indices`, in that order."""
        code_points, offsets = take_ragged(self.code_points, self.offsets, np.asarray(indices))
        return TextBatch(code_points, offsets)


def offsets_of(lengths: np.ndarray | Sequence[int]) -> np.ndarray:
    """Return int64 [num_rows + 1]: the start of each row, then the end of the last row.

    >>> offsets_of([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return int64 [sum(lengths)]: the concatenated ranges `start, start + 1, …`.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)


def pieces(offsets: np.ndarray) -> list[tuple[int, int]]:
    """Split a ragged array between rows into pieces of about `PIECE` values.

    Args:
        offsets: int64 [num_rows + 1].

    Returns:
        First row and end row (exclusive) of each piece; the pieces cover every row once.
    """
    num_rows, total = len(offsets) - 1, int(offsets[-1])
    if total <= PIECE:
        return [(0, num_rows)]
    cuts = np.searchsorted(offsets, np.arange(PIECE, total, PIECE))
    return list(pairwise(np.unique([0, *cuts, num_rows]).tolist()))


def take_ragged(
    values: np.ndarray, offsets: np.ndarray, indices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return values and offsets of the rows at `indices` of a ragged array."""
    indices = indices.astype(np.int64, copy=False)
    starts, lengths = offsets[indices], offsets[indices + 1] - offsets[indices]
    taken = offsets_of(lengths)
    gathered = np.empty(taken[-1], dtype=values.dtype)
    for start, stop in pieces(taken):
        places = ranges(starts[start:stop], lengths[start:stop])
        gathered[taken[start] : taken[stop]] = values[places]
    return gathered, taken
