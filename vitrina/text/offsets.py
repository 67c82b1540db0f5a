"""Maps from the code points of a changed text to those of the original."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OffsetMap:
    """Map from a changed text to its original.

    Attributes:
        starts: int64 [num_code_points of the changed text], ascending.
        ends: int64, same shape, ascending. Code point `i` replaces code points `starts[i]` to
            `ends[i]` (exclusive) of the original; the range is empty for an insertion.
        length: code points of the original.
    """

    starts: np.ndarray
    ends: np.ndarray
    length: int

    @classmethod
    def identity(cls, length: int) -> OffsetMap:
        """Return the map of an unchanged text."""
        positions = np.arange(length + 1, dtype=np.int64)
        return cls(positions[:-1], positions[1:], length)

    def __len__(self) -> int:
        return len(self.starts)

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of the changed text to the original."""
        assert 0 <= start <= end <= len(self), (start, end, len(self))
        if start == end:
            point = int(self.starts[start]) if start < len(self) else self.length
            return point, point
        return int(self.starts[start]), int(self.ends[end - 1])

    def from_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of the original to the changed text.

        The result includes code points that replace the span in part; it is empty if the span was
        deleted.
        """
        assert 0 <= start <= end <= self.length, (start, end, self.length)
        first = int(np.searchsorted(self.ends, start, side="right"))
        stop = int(np.searchsorted(self.starts, end, side="left"))
        return first, max(first, stop)

    def compose(self, earlier: OffsetMap) -> OffsetMap:
        """Return the map from this changed text to the original of `earlier`."""
        assert self.length == len(earlier), (self.length, len(earlier))
        points = np.append(earlier.starts, earlier.length)  # [len(earlier) + 1]
        starts = points[self.starts]
        empty = self.starts == self.ends
        ends = np.where(empty, starts, np.append(0, earlier.ends)[self.ends])
        return OffsetMap(starts, ends, earlier.length)
