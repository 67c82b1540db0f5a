"""How different two pieces of text look once they are drawn.

Both are drawn glyph by glyph with the default font and read as sequences of pixel columns. Their
distance is the edit distance with real penalty (Chen and Ng, "On the marriage of Lp-norms and edit
distance", VLDB 2004) between these sequences: a column is matched with another at the price of the
ink in which the two differ, or left alone at the price of all of its ink. It is a metric, so that

- what two drawings have in common before and behind a change costs nothing, and a change costs the
  same whatever word it stands in;
- several changes together cost at most the sum of what each of them costs.

Invisible characters draw nothing and are free, a deleted or inserted letter costs its ink.
Divided by the ink of both drawings the distance lies between 0 (they look the same) and 1 (nothing
in one has anything of the other). Blank columns are free: a space is not seen by this distance.
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
def _pictures() -> GlyphRenderer:
    return GlyphRenderer([], SIZE_PX, HEIGHT_PX)


def draw_columns(text: str) -> np.ndarray:
    """int64 [num_columns, HEIGHT_PX], 255 is ink: the text as it is drawn, from left to right."""
    tokens = segment(TextBatch.from_strings([text]))
    columns, _ = _pictures().strip([tokens.clusters[i] for i in tokens.ids.tolist()])
    return columns.astype(np.int64)


@lru_cache(maxsize=1 << 16)
def ink(text: str) -> int:
    """The ink of a drawn text, in 255ths of a pixel."""
    return int(draw_columns(text).sum()) if text else 0


@lru_cache(maxsize=1 << 16)
def change(before: str, after: str) -> int:
    """The edit distance with real penalty between two drawn texts, in 255ths of a pixel."""
    if before == after:
        return 0
    a, b = _apart(draw_columns(before), draw_columns(after))
    cost_a, cost_b = a.sum(axis=1), b.sum(axis=1)
    # row[j]: the distance between the columns of `a` so far and the first j of `b`.
    all_b = np.concatenate([[0], np.cumsum(cost_b)])
    row = all_b
    for column, alone in zip(a, cost_a.tolist(), strict=True):
        best = row + alone
        best[1:] = np.minimum(best[1:], row[:-1] + np.abs(b - column).sum(axis=1))
        # Columns of `b` left alone: a running minimum, once what they cost is taken out.
        row = np.minimum.accumulate(best - all_b) + all_b
    return int(row[-1])


def visual_distance(before: str, after: str) -> float:
    """The distance of two drawn texts as a share of the ink of both, in [0, 1]."""
    total = ink(before) + ink(after)
    return change(before, after) / total if total else 0.0


def _apart(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both without the columns that they have in common at their start and at their end."""
    least = min(len(a), len(b))
    differs = np.flatnonzero((a[:least] != b[:least]).any(axis=1))
    start = int(differs[0]) if len(differs) else least
    a, b = a[start:], b[start:]
    least = min(len(a), len(b))
    reversed_ = (a[len(a) - least :] != b[len(b) - least :]).any(axis=1)[::-1]
    differs = np.flatnonzero(reversed_)
    end = int(differs[0]) if len(differs) else least
    return a[: len(a) - end], b[: len(b) - end]
