"""Spans of texts with labels, in columns, and which of them overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from vitrina.text.batch import TextBatch, offsets_of, ranges


@dataclass(frozen=True)
class Spans:
    """Spans of texts with a label each, ragged; in each text starts and ends ascend.

    Attributes:
        starts: int32 [num_spans], first code point of each, counted from its text's start.
        ends: int32 [num_spans], one behind its last code point.
        offsets: int64 [num_texts + 1]; text `i` has the spans `offsets[i]` to `offsets[i + 1]`.
        labels: int16 [num_spans]; 0 is no label.
    """

    starts: np.ndarray
    ends: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(
        cls, starts: np.ndarray, ends: np.ndarray, counts: np.ndarray, labels: np.ndarray | int = 0
    ) -> Self:
        """Spans from columns of any integers; `counts` [num_texts]."""
        marks = np.broadcast_to(np.asarray(labels, dtype=np.int16), starts.shape)
        return cls(starts.astype(np.int32), ends.astype(np.int32), offsets_of(counts), marks)

    @classmethod
    def from_lists(cls, texts: Sequence[Sequence[tuple[int, int, int]]]) -> Self:
        """Spans (start, end, label) of each text, in order."""
        flat = [span for spans in texts for span in spans]
        columns = np.array(flat, dtype=np.int64).reshape(-1, 3).T
        return cls.of(columns[0], columns[1], np.array(list(map(len, texts))), columns[2])

    @classmethod
    def join(cls, parts: Sequence[Spans]) -> Self:
        """The texts of all parts, one after the other."""
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
        """int64 [num_texts], the number of spans of each text."""
        return np.diff(self.offsets)

    @property
    def lengths(self) -> np.ndarray:
        """int32 [num_spans], in code points."""
        return self.ends - self.starts

    def text_indices(self) -> np.ndarray:
        """int64 [num_spans], the text of each span."""
        return np.repeat(np.arange(self.num_texts), self.counts)

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """int64: which spans are those of the texts at `indices`, in that order."""
        return ranges(self.offsets[indices], self.offsets[indices + 1] - self.offsets[indices])

    def take(self, indices: np.ndarray | Sequence[int]) -> Self:
        """The spans of the texts at `indices`, in that order."""
        indices = np.asarray(indices, dtype=np.int64)
        rows, counts = self.rows(indices), self.offsets[indices + 1] - self.offsets[indices]
        return type(self)(self.starts[rows], self.ends[rows], offsets_of(counts), self.labels[rows])

    def part(self, start: int, stop: int) -> Self:
        """The spans of the texts from `start` to `stop`; shares the arrays."""
        offsets = self.offsets[start : stop + 1]
        here = slice(offsets[0], offsets[-1])
        return type(self)(
            self.starts[here], self.ends[here], offsets - offsets[0], self.labels[here]
        )

    def keep(self, kept: np.ndarray) -> Self:
        """Those of the spans where bool [num_spans] is True; the texts stay."""
        counts = np.diff(np.append(0, np.cumsum(kept))[self.offsets])
        return type(self)(self.starts[kept], self.ends[kept], offsets_of(counts), self.labels[kept])

    def with_labels(self, labels: np.ndarray) -> Self:
        assert len(labels) == len(self)
        return replace(self, labels=labels.astype(np.int16))

    def texts(self, texts: TextBatch) -> TextBatch:
        """Each span of these texts as a text of its own."""
        first = texts.offsets[self.text_indices()] + self.starts
        return TextBatch(texts.code_points[ranges(first, self.lengths)], offsets_of(self.lengths))


def overlaps(these: Spans, others: Spans) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which spans of the same texts overlap.

    Returns:
        int64 [num_pairs] each: index into `these`, rising, index into `others`, rising for each of
        the former, and the number of code points (at least 1) that both cover.
    """
    assert these.num_texts == others.num_texts
    size_of_text = np.maximum(_last_ends(these), _last_ends(others)) + 1
    first = np.cumsum(size_of_text) - size_of_text  # texts on one line, with a gap after each
    at, others_at = first[these.text_indices()], first[others.text_indices()]
    starts, ends = these.starts + at, these.ends + at
    other_starts, other_ends = others.starts + others_at, others.ends + others_at
    low = np.searchsorted(other_ends, starts, side="right")
    high = np.searchsorted(other_starts, ends, side="left")
    counts = np.maximum(high - low, 0)
    mine, theirs = np.repeat(np.arange(len(these)), counts), ranges(low, counts)
    size = np.minimum(ends[mine], other_ends[theirs]) - np.maximum(
        starts[mine], other_starts[theirs]
    )
    real = size > 0
    return mine[real], theirs[real], size[real]


def _last_ends(spans: Spans) -> np.ndarray:
    ends = np.zeros(spans.num_texts, dtype=np.int64)
    some = spans.counts > 0
    ends[some] = spans.ends[spans.offsets[1:][some] - 1]
    return ends


def labels_by_overlap(words: Spans, labeled: Spans) -> np.ndarray:
    """int16 [num_words]: the label of the span that covers most of each word, of equals the first.

    0 where none does.
    """
    mine, theirs, size = overlaps(words, labeled)
    order = np.lexsort((theirs, -size, mine))
    chosen, first = np.unique(mine[order], return_index=True)
    labels = np.zeros(len(words), dtype=np.int16)
    labels[chosen] = labeled.labels[theirs[order][first]]
    return labels
