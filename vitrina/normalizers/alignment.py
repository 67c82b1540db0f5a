"""Aligns spans of normalized texts with the original texts."""

from __future__ import annotations

import numpy as np

from vitrina.normalizers.base import Normalizer
from vitrina.text.batch import TextBatch
from vitrina.text.spans import Spans


def align_spans(
    spans: Spans, normalized: TextBatch, source: TextBatch, normalizer: Normalizer
) -> Spans:
    """Map spans of `normalized` to spans of `source`.

    Args:
        spans: spans of each text of `normalized`; an empty span stays empty.
        normalized: the result of `normalizer(source)`.
    """
    changed = _changed(normalized, source)
    if not changed:
        return spans
    starts, ends = spans.starts.copy(), spans.ends.copy()
    for index in changed:
        here = slice(spans.offsets[index], spans.offsets[index + 1])
        text, offsets = normalizer.with_offsets(source[index])
        length = normalized.offsets[index + 1] - normalized.offsets[index]
        assert len(text) == length, (text, normalized[index])
        points = np.append(offsets.starts, offsets.length)
        first, end = spans.starts[here], spans.ends[here]
        starts[here] = points[first]
        # An empty span ends at its start; any other span ends at the end of its last code point.
        ends[here] = np.where(first == end, starts[here], np.append(0, offsets.ends)[end])
    return Spans(starts, ends, spans.offsets, spans.labels)


def _changed(normalized: TextBatch, source: TextBatch) -> list[int]:
    """Return the indices of the texts that differ."""
    if normalized is source:
        return []
    same_lengths = np.array_equal(normalized.lengths, source.lengths)
    if same_lengths and np.array_equal(normalized.code_points, source.code_points):
        return []
    return [index for index in range(len(source)) if normalized[index] != source[index]]
