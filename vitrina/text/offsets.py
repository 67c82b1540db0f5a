"""Where each code point of a changed text came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OffsetMap:
    """From a later form of a text back to an earlier one.

    Attributes:
        starts: int64 [num_code_points of the later form], ascending.
        ends: int64 of the same shape, ascending. Code point `i` of the later form came from
            code points `starts[i]` to `ends[i]` of the earlier one; of none (`starts[i] ==
            ends[i]`) if it was inserted there.
        length: code points of the earlier form.
    """

    starts: np.ndarray
    ends: np.ndarray
    length: int

    @classmethod
    def identity(cls, length: int) -> OffsetMap:
        """The map of a text that did not change."""
        positions = np.arange(length + 1, dtype=np.int64)
        return cls(positions[:-1], positions[1:], length)

    def __len__(self) -> int:
        return len(self.starts)

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the earlier form that `start` to `end` of the later one came from."""
        assert 0 <= start <= end <= len(self), (start, end, len(self))
        if start == end:
            point = int(self.starts[start]) if start < len(self) else self.length
            return point, point
        return int(self.starts[start]), int(self.ends[end - 1])

    def from_original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the later form that came from `start` to `end` of the earlier one.

        What came in part from elsewhere counts too; the span is empty where nothing is left.
        """
        assert 0 <= start <= end <= self.length, (start, end, self.length)
        first = int(np.searchsorted(self.ends, start, side="right"))
        behind = int(np.searchsorted(self.starts, end, side="left"))
        return first, max(first, behind)

    def compose(self, earlier: OffsetMap) -> OffsetMap:
        """This map after `earlier`: straight from the latest form to the earliest."""
        assert self.length == len(earlier), (self.length, len(earlier))
        points = np.append(earlier.starts, earlier.length)  # [len(earlier) + 1]
        starts = points[self.starts]
        empty = self.starts == self.ends
        ends = np.where(empty, starts, np.append(0, earlier.ends)[self.ends])
        return OffsetMap(starts, ends, earlier.length)
