"""Segmentation of texts into glyphs: one token per visible grapheme cluster.

Combining marks belong to the previous character. Invisible characters (zero width, soft hyphens,
tags, variation selectors, controls) are dropped. All white space is the same blank. The rule is
simpler than UAX #29 because it follows the drawing, not the selection in an editor.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vitrina.text.batch import TextBatch, offsets_of, pieces, take_ragged

BASE, MARK, INVISIBLE, BLANK = 0, 1, 2, 3

_BLANKS = frozenset("\u2800")  # empty braille pattern
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_MARKS = frozenset(range(0x1F3FB, 0x1F400))  # skin tones modify the previous emoji


@dataclass(frozen=True)
class GlyphTokens:
    """A batch of texts as glyphs.

    Attributes:
        ids: int64 [N], index of each glyph into `clusters`.
        lengths: int64 [B], number of glyphs of each text; an invisible text is one blank.
        clusters: distinct grapheme clusters of the batch.
    """

    ids: np.ndarray
    lengths: np.ndarray
    clusters: list[str]

    def take(self, indices: np.ndarray) -> GlyphTokens:
        """Return the texts at `indices`, in that order."""
        ids, offsets = take_ragged(self.ids, offsets_of(self.lengths), indices)
        return _compact(ids, np.diff(offsets), self.clusters)


@lru_cache(maxsize=1 << 16)
def kind_of(code_point: int) -> int:
    """Return the kind of a code point: `BASE`, `MARK`, `INVISIBLE` or `BLANK`."""
    character = chr(code_point)
    category = unicodedata.category(character)
    if character.isspace() or character in _BLANKS:
        return BLANK
    if character in _INVISIBLE or category in ("Cf", "Cc") or _is_selector(code_point):
        return INVISIBLE
    if category in ("Mn", "Me") or code_point in _MARKS:
        return MARK
    return BASE


def _is_selector(code_point: int) -> bool:
    return 0xFE00 <= code_point <= 0xFE0F or 0xE0100 <= code_point <= 0xE01EF


def segment(texts: TextBatch) -> GlyphTokens:
    """Segment texts into glyphs.

    >>> tokens = segment(TextBatch.from_strings(["ab\\u200b\\u00a0a"]))
    >>> tokens.clusters, tokens.ids.tolist()
    ([' ', 'a', 'b'], [1, 2, 0, 1])
    """
    distinct, code_ids = np.unique(texts.code_points, return_inverse=True)
    kinds = np.array([kind_of(int(code)) for code in distinct], dtype=np.int8)
    text_of = np.repeat(np.arange(len(texts)), texts.lengths)
    drawn = kinds[code_ids] != INVISIBLE
    code_ids, text_of = code_ids[drawn], text_of[drawn]
    clusters = [
        " " if kind == BLANK else chr(code) for code, kind in zip(distinct, kinds, strict=True)
    ]
    is_mark = kinds[code_ids] == MARK
    if is_mark.any():
        code_ids, text_of = _join_marks(code_ids, text_of, is_mark, clusters)
    lengths = np.bincount(text_of, minlength=len(texts)).astype(np.int64)
    if (lengths == 0).any():
        code_ids, lengths = _blank_for_empty(code_ids, lengths, clusters)
    return _compact(code_ids, lengths, clusters)


def count_glyphs(texts: TextBatch) -> dict[str, int]:
    """Return the number of occurrences of each distinct glyph, sorted by glyph."""
    counts: Counter[str] = Counter()
    for piece in pieces(texts.offsets):  # bounds the memory
        tokens = segment(texts.part(*piece))
        drawn = np.bincount(tokens.ids, minlength=len(tokens.clusters))
        counts.update(dict(zip(tokens.clusters, drawn.tolist(), strict=True)))
    return dict(sorted(counts.items()))


def glyph_spans(texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
    """Return the spans of the glyphs of `segment` in code points of their text.

    Returns:
        Starts and ends (exclusive), int64 [N]; the blank of an invisible text spans all of it.
    """
    distinct, code_ids = np.unique(texts.code_points, return_inverse=True)
    kinds = np.array([kind_of(int(code)) for code in distinct], dtype=np.int8)[code_ids]
    drawn = np.flatnonzero(kinds != INVISIBLE)
    text_of = np.repeat(np.arange(len(texts)), texts.lengths)[drawn]
    first = (kinds[drawn] != MARK) | (np.diff(text_of, prepend=-1) != 0)
    last = np.append(first[1:], True)[: len(first)]
    text_of = text_of[first]
    starts, ends = drawn[first] - texts.offsets[text_of], drawn[last] + 1 - texts.offsets[text_of]
    empty = np.flatnonzero(np.bincount(text_of, minlength=len(texts)) == 0)
    indices = np.searchsorted(text_of, empty)
    return np.insert(starts, indices, 0), np.insert(ends, indices, texts.lengths[empty])


def _join_marks(
    code_ids: np.ndarray, text_of: np.ndarray, is_mark: np.ndarray, clusters: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Give each base with its marks one id; append new clusters to `clusters`."""
    starts_text = np.diff(text_of, prepend=-1) != 0
    starts = ~is_mark | starts_text
    first = np.flatnonzero(starts)
    sizes = np.diff(np.append(first, len(code_ids)))
    joined = code_ids[first].copy()
    new_ids: dict[str, int] = {}
    for k in np.flatnonzero((sizes > 1) | is_mark[first]):
        members = code_ids[first[k] : first[k] + sizes[k]]
        text = "".join(clusters[i] for i in members.tolist())
        if is_mark[first[k]]:
            text = " " + text  # a mark without a base is drawn on a blank
        if text not in new_ids:
            new_ids[text] = len(clusters)
            clusters.append(text)
        joined[k] = new_ids[text]
    return joined, text_of[first]


def _blank_for_empty(
    ids: np.ndarray, lengths: np.ndarray, clusters: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Give invisible texts one blank, so that every text has a token."""
    clusters.append(" ")
    empty = np.flatnonzero(lengths == 0)
    ids = np.insert(ids, np.cumsum(lengths)[empty], len(clusters) - 1)
    return ids, np.maximum(lengths, 1)


def _compact(ids: np.ndarray, lengths: np.ndarray, clusters: list[str]) -> GlyphTokens:
    """Keep each used cluster once, sorted, so that equal texts have equal results."""
    used = np.zeros(len(clusters), dtype=bool)
    used[ids] = True
    kept = sorted({clusters[i] for i in np.flatnonzero(used)})
    index = {cluster: i for i, cluster in enumerate(kept)}
    remap = np.array([index.get(cluster, 0) for cluster in clusters], dtype=np.int64)
    return GlyphTokens(remap[ids], lengths, kept)
