"""Texts in columns: one line of code points and where each text ends.

A million comments as Python strings cost some hundred bytes each in objects alone, and nothing
can be done to all of them at once; as two arrays they cost four bytes a code point, and noise and
encoding work on a whole batch in a few array operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Texts:
    """Texts, ragged.

    Attributes:
        code_points: uint32 [num_code_points], all texts one after the other.
        offsets: int64 [num_texts + 1]; text `i` is `code_points[offsets[i]:offsets[i + 1]]`.
    """

    code_points: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_strings(cls, strings: Sequence[str]) -> Texts:
        """Any strings, lone surrogates included; `to_strings` gives the same back."""
        offsets = np.zeros(len(strings) + 1, dtype=np.int64)
        np.cumsum(
            np.fromiter(map(len, strings), dtype=np.int64, count=len(strings)), out=offsets[1:]
        )
        encoded = "".join(strings).encode("utf-32-le", "surrogatepass")
        # Joining a high and a low surrogate from two texts does not merge them in UTF-32.
        return cls(np.frombuffer(encoded, dtype="<u4"), offsets)

    def to_strings(self) -> list[str]:
        joined = self.code_points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        bounds = self.offsets.tolist()
        return [joined[a:b] for a, b in pairwise(bounds)]

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
        return iter(self.to_strings())

    def take(self, indices: np.ndarray | Sequence[int]) -> Texts:
        """The texts at `indices`, in that order."""
        code_points, offsets = take_ragged(self.code_points, self.offsets, np.asarray(indices))
        return Texts(code_points, offsets)


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """int64 [sum(lengths)]: `start, start + 1, …` for each of the ranges, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)


def take_ragged(
    values: np.ndarray, offsets: np.ndarray, indices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rows at `indices` of a ragged array (`values`, `offsets`), as values and offsets."""
    indices = indices.astype(np.int64, copy=False)
    starts, lengths = offsets[indices], offsets[indices + 1] - offsets[indices]
    taken = np.zeros(len(indices) + 1, dtype=np.int64)
    np.cumsum(lengths, out=taken[1:])
    return values[ranges(starts, lengths)], taken
