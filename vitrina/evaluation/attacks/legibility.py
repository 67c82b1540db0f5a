"""Visual distance between two texts.

Both texts are drawn glyph by glyph with the default font, as sequences of pixel columns. Their
distance is the edit distance with real penalty (Chen and Ng, "On the marriage of Lp-norms and edit
distance", VLDB 2004): matching two columns costs the difference of their ink, an unmatched column
costs its ink. It is a metric, so

- a common prefix and suffix cost nothing: an edit costs the same in every word;
- several edits together cost at most the sum of their costs.

Invisible characters and spaces cost nothing; a deleted or inserted letter costs its ink. Divided
by the ink of both drawings the distance is between 0 (equal drawings) and 1 (no common ink).
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import segment
from vitrina.text.batch import TextBatch

SIZE_PX = 20
HEIGHT_PX = 32


@cache
def _renderer() -> GlyphRenderer:
    return GlyphRenderer([], SIZE_PX, HEIGHT_PX)


def draw_columns(text: str) -> np.ndarray:
    """Return the drawn text, int64 [num_columns, HEIGHT_PX], from left to right; 255 is ink."""
    tokens = segment(TextBatch.from_strings([text]))
    columns, _ = _renderer().strip([tokens.clusters[i] for i in tokens.ids.tolist()])
    return columns.astype(np.int64)


@lru_cache(maxsize=1 << 16)
def ink(text: str) -> int:
    """Return the ink of a drawn text in 1/255 pixel."""
    return int(draw_columns(text).sum()) if text else 0


@lru_cache(maxsize=1 << 16)
def change(before: str, after: str) -> int:
    """Return the edit distance with real penalty between two drawn texts in 1/255 pixel."""
    if before == after:
        return 0
    a, b = _without_common_ends(draw_columns(before), draw_columns(after))
    cost_a, cost_b = a.sum(axis=1), b.sum(axis=1)
    # row[j]: distance between the columns of `a` so far and the first j columns of `b`.
    all_b = np.concatenate([[0], np.cumsum(cost_b)])
    row = all_b
    for column, unmatched in zip(a, cost_a.tolist(), strict=True):
        best = row + unmatched
        best[1:] = np.minimum(best[1:], row[:-1] + np.abs(b - column).sum(axis=1))
        # Unmatched columns of `b` are a running minimum after their cost is subtracted.
        row = np.minimum.accumulate(best - all_b) + all_b
    return int(row[-1])


def visual_distance(before: str, after: str) -> float:
    """Return the distance of two drawn texts as a share of the ink of both, in [0, 1]."""
    total = ink(before) + ink(after)
    return change(before, after) / total if total else 0.0


def _without_common_ends(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Remove the common prefix and suffix."""
    least = min(len(a), len(b))
    differs = np.flatnonzero((a[:least] != b[:least]).any(axis=1))
    start = int(differs[0]) if len(differs) else least
    a, b = a[start:], b[start:]
    least = min(len(a), len(b))
    reversed_ = (a[len(a) - least :] != b[len(b) - least :]).any(axis=1)[::-1]
    differs = np.flatnonzero(reversed_)
    end = int(differs[0]) if len(differs) else least
    return a[: len(a) - end], b[: len(b) - end]
