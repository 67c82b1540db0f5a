"""Spans of normalised texts, back where they are in the texts that were given."""

from __future__ import annotations

import numpy as np

from vitrina.normalizers.base import Normalizer
from vitrina.text.batch import TextBatch
from vitrina.text.spans import Spans


def align_spans(spans: Spans, shown: TextBatch, given: TextBatch, normalizer: Normalizer) -> Spans:
    """Spans of `shown` as spans of `given`, of which the normaliser made `shown`.

    Args:
        spans: of each text of `shown`; an empty one stays empty.
    """
    changed = _changed(shown, given)
    if not changed:
        return spans
    starts, ends = spans.starts.copy(), spans.ends.copy()
    for index in changed:
        here = slice(spans.offsets[index], spans.offsets[index + 1])
        text, back = normalizer.with_offsets(given[index])
        assert len(text) == shown.offsets[index + 1] - shown.offsets[index], (text, shown[index])
        points = np.append(back.starts, back.length)
        first, behind = spans.starts[here], spans.ends[here]
        starts[here] = points[first]
        # An empty span stays where it starts; the others end where their last code point does.
        ends[here] = np.where(first == behind, starts[here], np.append(0, back.ends)[behind])
    return Spans(starts, ends, spans.offsets, spans.labels)


def _changed(shown: TextBatch, given: TextBatch) -> list[int]:
    """The texts that are not equal, by index."""
    if shown is given:
        return []
    map_spans = np.flatnonzero(shown.lengths != given.lengths).tolist()
    if not map_spans and np.array_equal(shown.code_points, given.code_points):
        return []
    return [index for index in range(len(given)) if shown[index] != given[index]]
