"""Columnar spans of texts with labels, and their overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from vitrina.text.batch import TextBatch, offsets_of, ranges


@dataclass(frozen=True)
class Spans:
    """Ragged spans of texts with labels; in each text starts and ends ascend.

    Attributes:
        starts: int32 [num_spans], first code point, counted from the start of the text.
        ends: int32 [num_spans], end code point, exclusive.
        offsets: int64 [num_texts + 1]; text `i` has the spans `offsets[i]` to `offsets[i + 1]`.
        labels: int16 [num_spans]; 0 means no label.
    """

    starts: np.ndarray
    ends: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(
        cls, starts: np.ndarray, ends: np.ndarray, counts: np.ndarray, labels: np.ndarray | int = 0
    ) -> Self:
        """Create spans from integer columns; `counts` [num_texts] is the spans per text."""
        marks = np.broadcast_to(np.asarray(labels, dtype=np.int16), starts.shape)
        return cls(starts.astype(np.int32), ends.astype(np.int32), offsets_of(counts), marks)

    @classmethod
    def from_lists(cls, texts: Sequence[Sequence[tuple[int, int, int]]]) -> Self:
        """Create spans from sorted lists of (start, end, label), one list per text."""
        flat = [span for spans in texts for span in spans]
        columns = np.array(flat, dtype=np.int64).reshape(-1, 3).T
        return cls.of(columns[0], columns[1], np.array(list(map(len, texts))), columns[2])

    @classmethod
    def join(cls, parts: Sequence[Spans]) -> Self:
        """Concatenate the texts of all parts."""
        return cls.of(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.counts for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def num_texts(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> np.ndarray:
        """int64 [num_texts], the number of spans per text."""
        return np.diff(self.offsets)

    @property
    def lengths(self) -> np.ndarray:
        """int32 [num_spans], in code points."""
        return self.ends - self.starts

    def text_indices(self) -> np.ndarray:
        """Return int64 [num_spans]: the text index of each span."""
        return np.repeat(np.arange(self.num_texts), self.counts)

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Return int64: the span indices of the texts at `indices`, in that order."""
        return ranges(self.offsets[indices], self.offsets[indices + 1] - self.offsets[indices])

    def take(self, indices: np.ndarray | Sequence[int]) -> Self:
        """Return the spans of the texts at `indices`, in that order."""
        indices = np.asarray(indices, dtype=np.int64)
        rows, counts = self.rows(indices), self.offsets[indices + 1] - self.offsets[indices]
        return type(self)(self.starts[rows], self.ends[rows], offsets_of(counts), self.labels[rows])

    def part(self, start: int, stop: int) -> Self:
        """Return the spans of texts `start` to `stop` (exclusive) as views."""
        offsets = self.offsets[start : stop + 1]
        here = slice(offsets[0], offsets[-1])
        return type(self)(
            self.starts[here], self.ends[here], offsets - offsets[0], self.labels[here]
        )

    def keep(self, kept: np.ndarray) -> Self:
        """Select spans by bool [num_spans]; the number of texts stays."""
        counts = np.diff(np.append(0, np.cumsum(kept))[self.offsets])
        return type(self)(self.starts[kept], self.ends[kept], offsets_of(counts), self.labels[kept])

    def with_labels(self, labels: np.ndarray) -> Self:
        """Return the spans with other labels."""
        assert len(labels) == len(self)
        return replace(self, labels=labels.astype(np.int16))

    def texts(self, texts: TextBatch) -> TextBatch:
        """Return the text of each span."""
        first = texts.offsets[self.text_indices()] + self.starts
        return TextBatch(texts.code_points[ranges(first, self.lengths)], offsets_of(self.lengths))


def overlaps(first: Spans, second: Spans) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the overlapping spans of the same texts.

    Returns:
        int64 [num_pairs] each, sorted: index into `first`, index into `second`, and the number of
        shared code points (at least 1).
    """
    assert first.num_texts == second.num_texts
    text_sizes = np.maximum(_last_ends(first), _last_ends(second)) + 1
    text_starts = np.cumsum(text_sizes) - text_sizes  # concatenated texts, with a gap after each
    first_shift = text_starts[first.text_indices()]
    second_shift = text_starts[second.text_indices()]
    first_starts, first_ends = first.starts + first_shift, first.ends + first_shift
    second_starts, second_ends = second.starts + second_shift, second.ends + second_shift
    low = np.searchsorted(second_ends, first_starts, side="right")
    high = np.searchsorted(second_starts, first_ends, side="left")
    counts = np.maximum(high - low, 0)
    i, k = np.repeat(np.arange(len(first)), counts), ranges(low, counts)
    stops = np.minimum(first_ends[i], second_ends[k])
    sizes = stops - np.maximum(first_starts[i], second_starts[k])
    overlapping = sizes > 0
    return i[overlapping], k[overlapping], sizes[overlapping]


def _last_ends(spans: Spans) -> np.ndarray:
    ends = np.zeros(spans.num_texts, dtype=np.int64)
    some = spans.counts > 0
    ends[some] = spans.ends[spans.offsets[1:][some] - 1]
    return ends


def labels_by_overlap(words: Spans, labeled: Spans) -> np.ndarray:
    """Return int16 [num_words]: the label of the span with the largest overlap, else 0.

    Ties go to the first span.
    """
    word, span, size = overlaps(words, labeled)
    order = np.lexsort((span, -size, word))
    labeled_words, best = np.unique(word[order], return_index=True)
    labels = np.zeros(len(words), dtype=np.int16)
    labels[labeled_words] = labeled.labels[span[order][best]]
    return labels
