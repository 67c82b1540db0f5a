"""Noisy texts with the positions of their edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from vitrina.noise.tables import StringTable
from vitrina.text.batch import TextBatch, offsets_of, ranges
from vitrina.text.spans import Spans
from vitrina.text.words import Words

AnySpans = TypeVar("AnySpans", bound=Spans)


@dataclass(frozen=True)
class Edits:
    """Edits of a batch, ordered by text and position; int64 [num_edits] each.

    Attributes:
        text: index of the text in the batch.
        start: first code point in the clean text.
        end: end code point, exclusive; equal to `start` for an insertion.
        new_start: first code point in the noisy text.
        new_end: end code point, exclusive; equal to `new_start` for a deletion.
    """

    text: np.ndarray
    start: np.ndarray
    end: np.ndarray
    new_start: np.ndarray
    new_end: np.ndarray

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class PerturbedBatch:
    """A noisy batch.

    Attributes:
        texts: the noisy texts.
        words: the words of the clean texts.
        clean_offsets: int64 [B + 1], offsets of the clean texts.
        noisy_starts: int64 [num_code_points + 1], start of each clean code point among the noisy
            code points of the batch.
        replaced: int64, ascending, replaced clean code points of the batch.
        replaced_lengths: int64, number of code points of each replacement.
        inserted_after: int64, ascending, clean code points of the batch with an insertion after
            them.
        inserted_lengths: int64, number of code points of each insertion.
    """

    texts: TextBatch
    words: Words
    clean_offsets: np.ndarray
    noisy_starts: np.ndarray
    replaced: np.ndarray
    replaced_lengths: np.ndarray
    inserted_after: np.ndarray
    inserted_lengths: np.ndarray

    @classmethod
    def unchanged(cls, texts: TextBatch, words: Words) -> PerturbedBatch:
        noisy_starts = np.arange(len(texts.code_points) + 1, dtype=np.int64)
        none = np.zeros(0, dtype=np.int64)
        return cls(texts, words, texts.offsets, noisy_starts, none, none, none, none)

    @property
    def edits(self) -> Edits:
        """All edits; computed at each access."""
        after = self.inserted_after + 1
        clean = np.concatenate([self.replaced, after])
        end = np.concatenate([self.replaced + 1, after])
        replaced_ends = self.noisy_starts[self.replaced] + self.replaced_lengths
        new_end = np.concatenate([replaced_ends, self.noisy_starts[after]])
        lengths = np.concatenate([self.replaced_lengths, self.inserted_lengths])
        # The replacement of a letter precedes the insertion after it.
        owner = np.concatenate([2 * self.replaced, 2 * self.inserted_after + 1])
        order = np.argsort(owner, kind="stable")
        text = np.searchsorted(self.clean_offsets, owner // 2, side="right") - 1
        clean_start, noisy_start = self.clean_offsets[text], self.texts.offsets[text]
        columns = (
            text,
            clean - clean_start,
            end - clean_start,
            new_end - lengths - noisy_start,
            new_end - noisy_start,
        )
        return Edits(*(column[order] for column in columns))

    def word_spans(self) -> Words:
        """Map the words of the clean texts to the noisy texts.

        A word with an inserted space stays one span; a deleted word has an empty span.
        """
        return self.map_spans(self.words)

    def map_spans(self, spans: AnySpans) -> AnySpans:
        """Map spans of the clean texts to the noisy texts; deleted spans become empty."""
        text = spans.text_indices()
        clean, noisy = self.clean_offsets[text], self.texts.offsets[text]
        starts = self.noisy_starts[spans.starts + clean] - noisy
        ends = self.noisy_starts[spans.ends + clean] - noisy
        return spans.of(starts, ends, spans.counts, spans.labels)


def apply_edits(
    texts: TextBatch,
    words: Words,
    replaced: np.ndarray,
    replacements: StringTable,
    replacement: np.ndarray,
    inserted_after: np.ndarray,
    insertions: StringTable,
    insertion: np.ndarray,
) -> PerturbedBatch:
    """Apply replacements and insertions to a batch.

    Args:
        texts: the clean batch.
        words: its words.
        replaced: int64 [n], ascending, code points of the batch to replace.
        replacements: table of replacement strings.
        replacement: int64 [n], entry of `replacements` for each code point.
        inserted_after: int64 [m], ascending, code points of the batch with an insertion after them.
        insertions: table of inserted strings.
        insertion: int64 [m], entry of `insertions` for each insertion.
    """
    new_lengths = replacements.lengths[replacement]
    inserted_lengths = insertions.lengths[insertion]
    counts = np.ones(len(texts.code_points), dtype=np.int64)
    counts[replaced] = new_lengths
    counts[inserted_after] += inserted_lengths
    noisy_starts = offsets_of(counts)
    noisy = np.repeat(texts.code_points, counts)
    noisy[ranges(noisy_starts[replaced], new_lengths)] = replacements.code_points[
        ranges(replacements.starts[replacement], new_lengths)
    ]
    insert_starts = noisy_starts[inserted_after + 1] - inserted_lengths
    noisy[ranges(insert_starts, inserted_lengths)] = insertions.code_points[
        ranges(insertions.starts[insertion], inserted_lengths)
    ]
    return PerturbedBatch(
        TextBatch(noisy, noisy_starts[texts.offsets]),
        words,
        texts.offsets,
        noisy_starts,
        replaced,
        new_lengths,
        inserted_after,
        inserted_lengths,
    )
