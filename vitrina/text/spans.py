"""Words as they are written: every stretch without white space, parted from its punctuation.

What `vitrina.text.words` finds are the words that noise works on: runs of letters. A word that
noise has touched is no such run any more (`}|{0па`, `ж*па`), so models that label words take them
from the white space around them. Punctuation at both ends of a stretch is a word of its own, and
so are signs that part words wherever they stand («нет,дурак»).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from vitrina.text.batch import TextBatch, offsets_of, pieces, ranges
from vitrina.text.words import NUM_CODE_POINTS

AT_ENDS = ".'’‘-–—()[]/\\"
"""Signs that are parted from a word in front of it and behind it, and not within: there they may
stand for a letter, or belong to the word (`какой-то`)."""
ANYWHERE = ',;:!?…"«»„“”'
"""Signs that end a word wherever they stand."""
_LETTER, _AT_ENDS, _ANYWHERE, _SPACE = range(4)


@dataclass(frozen=True)
class Spans:
    """Spans of texts with a label each, ragged; in each text neither starts nor ends ever fall.

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
    ) -> Spans:
        """Spans from columns of any integers; `counts` [num_texts]."""
        marks = np.broadcast_to(np.asarray(labels, dtype=np.int16), starts.shape)
        return cls(starts.astype(np.int32), ends.astype(np.int32), offsets_of(counts), marks)

    @classmethod
    def from_lists(cls, texts: Sequence[Sequence[tuple[int, int, int]]]) -> Spans:
        """Spans (start, end, label) of each text, in order."""
        flat = [span for spans in texts for span in spans]
        columns = np.array(flat, dtype=np.int64).reshape(-1, 3).T
        return cls.of(columns[0], columns[1], np.array(list(map(len, texts))), columns[2])

    @classmethod
    def join(cls, parts: Sequence[Spans]) -> Spans:
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

    def take(self, indices: np.ndarray) -> Spans:
        """The spans of the texts at `indices`, in that order."""
        rows, counts = self.rows(indices), self.offsets[indices + 1] - self.offsets[indices]
        return Spans(self.starts[rows], self.ends[rows], offsets_of(counts), self.labels[rows])

    def part(self, start: int, stop: int) -> Spans:
        """The spans of the texts from `start` to `stop`; shares the arrays."""
        offsets = self.offsets[start : stop + 1]
        here = slice(offsets[0], offsets[-1])
        return Spans(self.starts[here], self.ends[here], offsets - offsets[0], self.labels[here])

    def keep(self, kept: np.ndarray) -> Spans:
        """Those of the spans where bool [num_spans] is True; the texts stay."""
        counts = np.diff(np.append(0, np.cumsum(kept))[self.offsets])
        return Spans(self.starts[kept], self.ends[kept], offsets_of(counts), self.labels[kept])

    def with_labels(self, labels: np.ndarray) -> Spans:
        assert len(labels) == len(self)
        return replace(self, labels=labels.astype(np.int16))

    def texts(self, texts: TextBatch) -> TextBatch:
        """Each span of these texts as a text of its own."""
        first = texts.offsets[self.text_indices()] + self.starts
        return TextBatch(texts.code_points[ranges(first, self.lengths)], offsets_of(self.lengths))


@cache
def _kinds() -> np.ndarray:
    """uint8 [0x110000]: what each code point is to a word."""
    kinds = np.zeros(NUM_CODE_POINTS, dtype=np.uint8)
    for kind, signs in ((_AT_ENDS, AT_ENDS), (_ANYWHERE, ANYWHERE)):
        kinds[[ord(sign) for sign in signs]] = kind
    # All white space of Unicode stands below U+3001; the empty braille pattern looks like it.
    kinds[[code for code in range(0x3001) if chr(code).isspace() or code == 0x2800]] = _SPACE
    return kinds


def written_words(texts: TextBatch) -> Spans:
    """The words of all texts and the signs between them, without labels."""
    return Spans.join([_written_words(texts.part(*piece)) for piece in pieces(texts.offsets)])


def _written_words(texts: TextBatch) -> Spans:
    """The words of texts that are few enough to be worked on together."""
    kinds = _kinds()[texts.code_points]
    inside = kinds != _SPACE
    first_of_text = np.zeros(len(kinds) + 1, dtype=bool)
    first_of_text[texts.offsets] = True
    starts, ends = _runs(inside, first_of_text)  # of the stretches without white space
    letters = np.append(0, np.cumsum(kinds == _LETTER))  # before each place
    stretch = np.repeat(np.arange(len(starts)), ends - starts)
    places = np.flatnonzero(inside)
    at_an_end = (letters[places] == letters[starts[stretch]]) | (
        letters[places] == letters[ends[stretch]]
    )
    signs = kinds[places]
    apart = np.zeros(len(kinds), dtype=bool)
    apart[places] = (signs == _ANYWHERE) | ((signs == _AT_ENDS) & at_an_end)
    new = first_of_text.copy()
    new[1:-1] |= apart[1:] != apart[:-1]
    starts, ends = _runs(inside, new)
    word_offsets = np.searchsorted(starts, texts.offsets)
    text_start = np.repeat(texts.offsets[:-1], np.diff(word_offsets))
    return Spans.of(starts - text_start, ends - text_start, np.diff(word_offsets))


def _runs(inside: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of the maximal runs of `inside` [n]; where `first` [n + 1], one begins."""
    goes_on = np.zeros(len(inside) + 1, dtype=bool)
    goes_on[1:-1] = inside[1:] & inside[:-1] & ~first[1:-1]
    return np.flatnonzero(inside & ~goes_on[:-1]), np.flatnonzero(inside & ~goes_on[1:]) + 1


def overlaps(these: Spans, others: Spans) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which spans of the same texts overlap.

    Returns:
        int64 [num_pairs] each: index into `these`, rising, index into `others`, rising for each of
        the former, and the number of code points (at least 1) that both cover.
    """
    assert these.num_texts == others.num_texts
    room = np.maximum(_last_ends(these), _last_ends(others)) + 1
    first = np.cumsum(room) - room  # texts side by side, none touches the next
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


def labels_by_overlap(words: Spans, labelled: Spans) -> np.ndarray:
    """int16 [num_words]: the label of the span that covers most of each word, of equals the first.

    0 where none does.
    """
    mine, theirs, size = overlaps(words, labelled)
    order = np.lexsort((theirs, -size, mine))
    chosen, first = np.unique(mine[order], return_index=True)
    labels = np.zeros(len(words), dtype=np.int16)
    labels[chosen] = labelled.labels[theirs[order][first]]
    return labels
