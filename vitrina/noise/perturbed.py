"""Corrupted texts with the way back to the clean ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from vitrina.noise.tables import StringTable
from vitrina.text.batch import TextBatch, ranges
from vitrina.text.offsets import OffsetMap
from vitrina.text.spans import Spans
from vitrina.text.words import Words

AnySpans = TypeVar("AnySpans", bound=Spans)


@dataclass(frozen=True)
class Edits:
    """Edits of a batch by text and position; int64 [num_edits] each.

    Attributes:
        text: the text in the batch.
        start: first code point in the clean text.
        end: one behind the last one; equal to `start` where something was inserted.
        new_start: first code point in the noisy text.
        new_end: one behind the last one; equal to `new_start` where something was deleted.
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
    """A corrupted batch.

    Attributes:
        texts: the noisy texts.
        words: the words of the clean texts.
        clean_offsets: int64 [B + 1], of the clean texts.
        placed: int64 [num_code_points + 1], where each clean code point (with what is inserted
            behind it) starts among the noisy code points of the batch.
        replaced: int64, rising: clean code points of the batch that were replaced.
        replaced_lengths: int64, by how many code points each.
        behind: int64, rising: clean code points of the batch with an insertion behind them.
        inserted_lengths: int64, code points of each insertion.
    """

    texts: TextBatch
    words: Words
    clean_offsets: np.ndarray
    placed: np.ndarray
    replaced: np.ndarray
    replaced_lengths: np.ndarray
    behind: np.ndarray
    inserted_lengths: np.ndarray

    @classmethod
    def unchanged(cls, texts: TextBatch, words: Words) -> PerturbedBatch:
        placed = np.arange(len(texts.code_points) + 1, dtype=np.int64)
        none = np.zeros(0, dtype=np.int64)
        return cls(texts, words, texts.offsets, placed, none, none, none, none)

    @property
    def edits(self) -> Edits:
        """Every edit, in the order of the texts; made when asked for."""
        clean = np.concatenate([self.replaced, self.behind + 1])
        end = np.concatenate([self.replaced + 1, self.behind + 1])
        new_end = np.concatenate(
            [self.placed[self.replaced] + self.replaced_lengths, self.placed[self.behind + 1]]
        )
        lengths = np.concatenate([self.replaced_lengths, self.inserted_lengths])
        # A letter's replacement stands before what is inserted behind it.
        owner = np.concatenate([2 * self.replaced, 2 * self.behind + 1])
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
        """The clean words where they stand in the noisy texts, with their flags.

        A word that was split by an inserted space is still one span; a word that was deleted is
        empty.
        """
        return self.map_spans(self.words)

    def map_spans(self, spans: AnySpans) -> AnySpans:
        """Spans of the clean texts where they are in the noisy ones; empty where deleted."""
        text = spans.text_indices()
        clean, noisy = self.clean_offsets[text], self.texts.offsets[text]
        starts = self.placed[spans.starts + clean] - noisy
        ends = self.placed[spans.ends + clean] - noisy
        return spans.of(starts, ends, spans.counts, spans.labels)

    def offset_map(self, index: int) -> OffsetMap:
        """From the noisy text `index` of the batch back to the clean one."""
        first, behind = int(self.clean_offsets[index]), int(self.clean_offsets[index + 1])
        counts = np.diff(self.placed[first : behind + 1])
        starts = np.repeat(np.arange(behind - first, dtype=np.int64), counts)
        ends = starts + 1
        noisy = int(self.texts.offsets[index])
        here = slice(*np.searchsorted(self.behind, [first, behind]).tolist())
        lengths = self.inserted_lengths[here]
        inserted = ranges(self.placed[self.behind[here] + 1] - lengths - noisy, lengths)
        starts[inserted] += 1
        return OffsetMap(starts, ends, behind - first)


def apply_edits(
    texts: TextBatch,
    words: Words,
    replaced: np.ndarray,
    replacements: StringTable,
    replacement: np.ndarray,
    behind: np.ndarray,
    insertions: StringTable,
    insertion: np.ndarray,
) -> PerturbedBatch:
    """Replace and insert.

    Args:
        texts: the clean batch.
        words: its words.
        replaced: int64, rising: code points of the batch to replace …
        replacements: … by entries of this table …
        replacement: … namely these.
        behind: int64, rising: code points of the batch to insert something behind …
        insertions: … entries of this table …
        insertion: … namely these.
    """
    new_lengths = replacements.lengths[replacement]
    inserted_lengths = insertions.lengths[insertion]
    counts = np.ones(len(texts.code_points), dtype=np.int64)
    counts[replaced] = new_lengths
    counts[behind] += inserted_lengths
    placed = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=placed[1:])
    noisy = np.repeat(texts.code_points, counts)
    noisy[ranges(placed[replaced], new_lengths)] = replacements.code_points[
        ranges(replacements.starts[replacement], new_lengths)
    ]
    noisy[ranges(placed[behind + 1] - inserted_lengths, inserted_lengths)] = insertions.code_points[
        ranges(insertions.starts[insertion], inserted_lengths)
    ]
    changed = TextBatch(noisy, placed[texts.offsets])
    return PerturbedBatch(
        changed, words, texts.offsets, placed, replaced, new_lengths, behind, inserted_lengths
    )
