"""Edits of a text, and the offset map that they give."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from vitrina.text.batch import ranges
from vitrina.text.offsets import OffsetMap

Edit = tuple[int, int, str]
"""(start, end, new): `new` replaces the code points from `start` to `end` (exclusive)."""


def edited(text: str, edits: Sequence[Edit]) -> tuple[str, OffsetMap]:
    """Apply edits to a text; return the new text and its offset map. The time is linear.

    A new code point maps to the whole range that its edit replaces. If the range ends with the new
    text, these code points are kept and map to themselves.

    Args:
        edits: ascending, without overlaps; no range is empty.
    """
    parts: list[str] = []
    rows: list[tuple[int, int, int]] = []  # start, end, length; end < 0: kept code points
    position = 0
    for start, end, new in edits:
        assert position <= start < end <= len(text), (position, start, end, len(text))
        if new and text.endswith(new, start, end):
            new, end = "", end - len(new)
        parts += [text[position:start], new]
        rows += [(position, -1, start - position), (start, end, len(new))]
        position = end
    parts.append(text[position:])
    rows.append((position, -1, len(text) - position))
    starts_R, ends_R, lengths_R = np.array(rows, dtype=np.int64).T
    kept = np.repeat(ends_R < 0, lengths_R)
    first = np.repeat(starts_R, lengths_R)
    own = ranges(starts_R, lengths_R)
    starts = np.where(kept, own, first)
    ends = np.where(kept, own + 1, np.repeat(ends_R, lengths_R))
    return "".join(parts), OffsetMap(starts, ends, len(text))


def substitute(
    text: str, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]
) -> tuple[str, OffsetMap]:
    """Return `pattern.sub(replace, text)` and its offset map."""
    found = pattern.finditer(text)
    return edited(text, [(*match.span(), replace(match)) for match in found])
