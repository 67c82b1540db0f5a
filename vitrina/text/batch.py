"""Texts in columns: one array of code points and the end of each text.

A million comments as Python strings cost some hundred bytes each in objects alone, and nothing
can be done to all of them at once; as two arrays they cost four bytes a code point, and noise and
encoding work on a whole batch in a few array operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

NUM_CODE_POINTS = 0x110000
PIECE = 2**20
"""Values of a ragged array that one pass handles. What a pass makes, such as a string for each text
or an index of eight bytes for each code point, costs more than the array itself."""


@dataclass(frozen=True)
class TextBatch:
    """Texts, ragged.

    Attributes:
        code_points: uint32 [num_code_points], all texts one after the other.
        offsets: int64 [num_texts + 1]; text `i` is `code_points[offsets[i]:offsets[i + 1]]`.
    """

    code_points: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_strings(cls, strings: Sequence[str]) -> TextBatch:
        """Any strings, lone surrogates included; `to_strings` gives the same back."""
        lengths = np.fromiter(map(len, strings), dtype=np.int64, count=len(strings))
        encoded = "".join(strings).encode("utf-32-le", "surrogatepass")
        # Joining a high and a low surrogate from two texts does not merge them in UTF-32.
        return cls(np.frombuffer(encoded, dtype="<u4"), offsets_of(lengths))

    @classmethod
    def join(cls, parts: Sequence[TextBatch]) -> TextBatch:
        """The texts of all parts, one after the other."""
        if not parts:
            return cls.from_strings([])
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(np.concatenate([part.code_points for part in parts]), offsets_of(lengths))

    def to_strings(self) -> list[str]:
        joined = self.code_points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        bounds = self.offsets.tolist()
        return [joined[a:b] for a, b in pairwise(bounds)]

    def to_encodable(self) -> list[str]:
        """The texts for other libraries: lone surrogates, which UTF-8 cannot hold, become `?`."""
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
        """The texts from `start` to `stop`; shares their code points."""
        offsets = self.offsets[start : stop + 1]
        return TextBatch(self.code_points[offsets[0] : offsets[-1]], offsets - offsets[0])

    def take(self, indices: np.ndarray | Sequence[int]) -> TextBatch:
        """The texts at `indices`, in that order."""
        code_points, offsets = take_ragged(self.code_points, self.offsets, np.asarray(indices))
        return TextBatch(code_points, offsets)


def offsets_of(lengths: np.ndarray | Sequence[int]) -> np.ndarray:
    """int64 [num_rows + 1]: where rows of these lengths begin, and where the last one ends."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """int64 [sum(lengths)]: `start, start + 1, …` for each of the ranges, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)


def pieces(offsets: np.ndarray) -> list[tuple[int, int]]:
    """Cut a ragged array between rows into pieces of about `PIECE` values.

    Args:
        offsets: int64 [num_rows + 1].

    Returns:
        First row and one behind the last one of each piece; together every row once.
    """
    num_rows, total = len(offsets) - 1, int(offsets[-1])
    if total <= PIECE:
        return [(0, num_rows)]
    cuts = np.searchsorted(offsets, np.arange(PIECE, total, PIECE))
    return list(pairwise(np.unique([0, *cuts, num_rows]).tolist()))


def take_ragged(
    values: np.ndarray, offsets: np.ndarray, indices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rows at `indices` of a ragged array (`values`, `offsets`), as values and offsets."""
    indices = indices.astype(np.int64, copy=False)
    starts, lengths = offsets[indices], offsets[indices + 1] - offsets[indices]
    taken = offsets_of(lengths)
    gathered = np.empty(taken[-1], dtype=values.dtype)
    for start, stop in pieces(taken):
        places = ranges(starts[start:stop], lengths[start:stop])
        gathered[taken[start] : taken[stop]] = values[places]
    return gathered, taken
