"""What is read from a file: numbers for every row, texts and rows in blocks until they are dealt.

Which split a row goes to is known when all rows have been read. Then texts and rows move to their
splits block by block, and each block is freed as soon as it has been dealt: what was read and what
is made of it never stand side by side whole.
"""

from __future__ import annotations

import hashlib
import mmap
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vitrina.data.rows import Rows, encode_row
from vitrina.data.splits import near_duplicate_hashes
from vitrina.text.batch import TextBatch, offsets_of
from vitrina.text.spans import Spans

BLOCK_BYTES = 2**23
"""Bytes of texts and rows in a block; until it is full, they are held as Python objects."""

Block = tuple[np.ndarray, np.ndarray]
"""Some rows of a ragged array: their values, and int64 [num_rows] the length of each."""

WORD = np.dtype([("start", np.int32), ("end", np.int32), ("label", np.int16)])
"""A labelled word in a block."""

FindWords = Callable[[TextBatch, Sequence[Sequence[tuple[int, int, int]]]], Spans]
"""Cleaned texts and the labelled spans that were read of each, to all their words."""


@dataclass(frozen=True)
class Chunk:
    """The rows of one file that are kept.

    Attributes:
        labels: int64 [num_rows], in the order in which labels were first met.
        groups: int64 [num_rows], equal for rows of one group.
        letters: uint64 [num_rows], equal for near-duplicates.
        texts: cleaned and cut, uint32 code points; none once dealt.
        rows: all fields, uint8 JSON; none once dealt.
        words: labelled words, `WORD`, where words are labelled; none once dealt.
    """

    labels: np.ndarray
    groups: np.ndarray
    letters: np.ndarray
    texts: list[Block]
    rows: list[Block]
    words: list[Block] = field(default_factory=list)

    def deal_words(self, to: np.ndarray, num_splits: int) -> list[Spans]:
        """The labelled words of each split, in their order; this part keeps none of them."""
        dealt = _deal(self.words, to, num_splits)
        return [
            Spans.of(words["start"], words["end"], np.diff(offsets), words["label"])
            for words, offsets in dealt
        ]

    def materialize(self, to: np.ndarray, num_splits: int) -> list[tuple[TextBatch, Rows]]:
        """Texts and rows of each split, in their order; this part keeps none of them.

        Args:
            to: int64 [num_rows], number of the split that a row goes to; -1: none.
            num_splits: how many there are.
        """
        texts, rows = _deal(self.texts, to, num_splits), _deal(self.rows, to, num_splits)
        return [(TextBatch(*text), Rows(*row)) for text, row in zip(texts, rows, strict=True)]


def _deal(
    blocks: list[Block], to: np.ndarray, num_splits: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Values and offsets of each split; empties `blocks`."""
    all_lengths = np.concatenate([lengths for _, lengths in blocks])
    all_offsets = [offsets_of(all_lengths[to == number]) for number in range(num_splits)]
    dealt = [np.empty(offsets[-1], dtype=blocks[0][0].dtype) for offsets in all_offsets]
    filled, first = [0] * num_splits, 0
    while blocks:
        values, lengths = blocks.pop(0)
        here = to[first : first + len(lengths)]
        for number in range(num_splits):
            some = values[np.repeat(here == number, lengths)]
            dealt[number][filled[number] : filled[number] + len(some)] = some
            filled[number] += len(some)
        first += len(lengths)
    return list(zip(dealt, all_offsets, strict=True))


class ChunkBuilder:
    """A part that grows row by row.

    Args:
        find_words: finds the words of a block, where words are labelled; the label of a text is
            then whether one of its words has one.
    """

    def __init__(self, find_words: FindWords | None = None) -> None:
        self._find_words = find_words
        self._word_blocks: list[Block] = []
        self._labels, self._groups = array("q"), array("q")
        self._letters: list[np.ndarray] = []
        self._text_blocks: list[Block] = []
        self._row_blocks: list[Block] = []
        self._open_block()

    def append(
        self,
        text: str,
        label: int,
        group: str | None,
        row: Mapping[str, Any],
        spans: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        """Add a row; `group` is None for a row that stands alone, `spans` are labelled."""
        line = encode_row(row)
        self._texts.append(text)
        self._lines.append(line)
        self._spans.append(spans)
        self._labels.append(label)
        self._groups.append(-1 if group is None else _group_number(group))
        self._num_bytes += 4 * len(text) + len(line)
        if self._num_bytes >= BLOCK_BYTES:
            self._close_block()
            self._open_block()

    def __len__(self) -> int:
        return len(self._labels)

    def part(self) -> Chunk:
        """All rows; nothing can be added any more."""
        self._close_block()
        groups = np.array(self._groups, dtype=np.int64)
        return Chunk(
            labels=np.array(self._labels, dtype=np.int64),
            groups=np.where(groups < 0, -1 - np.arange(len(groups)), groups),
            letters=np.concatenate(self._letters),
            texts=self._text_blocks,
            rows=self._row_blocks,
            words=self._word_blocks,
        )

    def _open_block(self) -> None:
        self._texts: list[str] = []
        self._lines: list[bytes] = []
        self._spans: list[Sequence[tuple[int, int, int]]] = []
        self._num_bytes = 0

    def _close_block(self) -> None:
        texts = TextBatch.from_strings(self._texts)
        self._letters.append(near_duplicate_hashes(texts))
        self._text_blocks.append((_apart(texts.code_points), texts.lengths))
        lines = np.frombuffer(b"".join(self._lines), dtype=np.uint8)
        lengths = np.fromiter(map(len, self._lines), dtype=np.int64, count=len(self._lines))
        self._row_blocks.append((_apart(lines), lengths))
        if self._find_words is not None:
            self._close_words(self._find_words(texts, self._spans))

    def _close_words(self, words: Spans) -> None:
        columns = np.empty(len(words), dtype=WORD)
        columns["start"], columns["end"] = words.starts, words.ends
        columns["label"] = words.labels
        self._word_blocks.append((_apart(columns), words.counts))
        labelled = np.zeros(words.num_texts, dtype=bool)
        labelled[words.text_indices()[words.labels > 0]] = True
        first = len(self._labels) - words.num_texts
        self._labels[first:] = array("q", labelled.astype(np.int64).tolist())


def _apart(values: np.ndarray) -> np.ndarray:
    """A copy in a map of its own, so that the system has the memory back once it is freed.

    The C library takes blocks of this size from its heap and keeps them when they are freed.
    """
    if len(values) == 0:
        return values
    copy = np.frombuffer(mmap.mmap(-1, values.nbytes), dtype=values.dtype)
    copy[:] = values
    return copy


def _group_number(name: str) -> int:
    """Equal for equal names, from 0 to 2^63 - 1; a table of all names could outgrow the rows."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
