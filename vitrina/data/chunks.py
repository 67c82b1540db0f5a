"""Columnar rows of a file, kept in blocks until they are assigned to splits.

Splits are assigned when all rows are read. Then texts and rows move to their splits block by block.
Each block is freed at once, so the memory holds the data only once.
"""

from __future__ import annotations

import hashlib
import mmap
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitrina.data.rows import Rows, encode_row
from vitrina.data.splits import near_duplicate_hashes
from vitrina.text.batch import TextBatch, offsets_of
from vitrina.text.spans import Spans

BLOCK_BYTES = 2**23
"""Bytes of texts and rows per block; the last, incomplete block consists of Python objects."""

Block = tuple[np.ndarray, np.ndarray]
"""Rows of a ragged array: values, and int64 [num_rows] lengths."""

WORD = np.dtype([("start", np.int32), ("end", np.int32), ("label", np.int16)])
"""A labeled word in a block."""

FindWords = Callable[[TextBatch, Sequence[Sequence[tuple[int, int, int]]]], Spans]
"""Finds the words of cleaned texts and labels them by the (start, end, label) spans of a text."""


@dataclass(frozen=True)
class Chunk:
    """The selected rows of one file. `materialize` empties `texts`, `rows` and `words`.

    Attributes:
        labels: int64 [num_rows], label numbers in order of first occurrence.
        groups: int64 [num_rows], equal for rows of one group.
        letters: uint64 [num_rows], equal for near-duplicates.
        texts: cleaned and truncated texts, uint32 code points.
        rows: all fields, uint8 JSON.
        words: labeled words, `WORD`; empty for labels of texts.
    """

    labels: np.ndarray
    groups: np.ndarray
    letters: np.ndarray
    texts: list[Block]
    rows: list[Block]
    words: list[Block]

    def materialize(
        self, split_of: np.ndarray, num_splits: int
    ) -> list[tuple[TextBatch, Rows, Spans | None]]:
        """Move texts, rows and labeled words, if any, to their splits; the order stays.

        Args:
            split_of: int64 [num_rows], index of the split of each row; -1 for none.
            num_splits: number of splits.
        """
        texts = [TextBatch(*each) for each in _move(self.texts, split_of, num_splits)]
        rows = [Rows(*each) for each in _move(self.rows, split_of, num_splits)]
        words: list[Spans | None] = [None] * num_splits
        if self.words:
            words = [
                Spans.of(each["start"], each["end"], np.diff(offsets), each["label"])
                for each, offsets in _move(self.words, split_of, num_splits)
            ]
        return list(zip(texts, rows, words, strict=True))


def _move(
    blocks: list[Block], split_of: np.ndarray, num_splits: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return values and offsets of each split; empty `blocks`."""
    all_lengths = np.concatenate([lengths for _, lengths in blocks])
    all_offsets = [offsets_of(all_lengths[split_of == number]) for number in range(num_splits)]
    moved = [np.empty(offsets[-1], dtype=blocks[0][0].dtype) for offsets in all_offsets]
    filled, first = [0] * num_splits, 0
    while blocks:
        values, lengths = blocks.pop(0)
        block_splits = split_of[first : first + len(lengths)]
        for number in range(num_splits):
            part = values[np.repeat(block_splits == number, lengths)]
            moved[number][filled[number] : filled[number] + len(part)] = part
            filled[number] += len(part)
        first += len(lengths)
    return list(zip(moved, all_offsets, strict=True))


class ChunkBuilder:
    """Builds a chunk row by row.

    Args:
        find_words: finds the words of a block if words are labeled; the label of a text is then 1
            if one of its words has a label, else 0.
    """

    def __init__(self, find_words: FindWords | None = None) -> None:
        self._find_words = find_words
        self._labels, self._groups = array("q"), array("q")
        self._letters: list[np.ndarray] = []
        self._blocks: tuple[list[Block], list[Block], list[Block]] = ([], [], [])
        self._open_block()

    def append(
        self,
        text: str,
        label: int,
        group: str | None,
        row: Mapping[str, Any],
        spans: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        """Add a row; `group` is None for a row without a group; `spans` are (start, end, label)."""
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

    def chunk(self) -> Chunk:
        """Return all rows; no row can be added afterwards."""
        self._close_block()
        groups = np.array(self._groups, dtype=np.int64)
        return Chunk(
            np.array(self._labels, dtype=np.int64),
            np.where(groups < 0, -1 - np.arange(len(groups)), groups),
            np.concatenate(self._letters),
            *self._blocks,
        )

    def _open_block(self) -> None:
        self._texts: list[str] = []
        self._lines: list[bytes] = []
        self._spans: list[Sequence[tuple[int, int, int]]] = []
        self._num_bytes = 0

    def _close_block(self) -> None:
        texts = TextBatch.from_strings(self._texts)
        self._letters.append(near_duplicate_hashes(texts))
        text_blocks, row_blocks, word_blocks = self._blocks
        text_blocks.append((_mapped(texts.code_points), texts.lengths))
        lines = np.frombuffer(b"".join(self._lines), dtype=np.uint8)
        row_blocks.append((_mapped(lines), np.array(list(map(len, self._lines)), dtype=np.int64)))
        if self._find_words is None:
            return
        words = self._find_words(texts, self._spans)
        columns = np.empty(len(words), dtype=WORD)
        columns["start"], columns["end"] = words.starts, words.ends
        columns["label"] = words.labels
        word_blocks.append((_mapped(columns), words.counts))
        labeled = np.zeros(len(texts), dtype=np.int64)
        labeled[words.text_indices()[words.labels > 0]] = 1
        self._labels[len(self._labels) - len(texts) :] = array("q", labeled.tolist())


def _mapped(values: np.ndarray) -> np.ndarray:
    """Copy values to a memory map, whose memory returns to the system when it is freed.

    `malloc` serves blocks of this size from its heap and keeps them after `free`.
    """
    if len(values) == 0:
        return values
    copy = np.frombuffer(mmap.mmap(-1, values.nbytes), dtype=values.dtype)
    copy[:] = values
    return copy


def _group_number(name: str) -> int:
    """Hash a name to 0 … 2^63 - 1; a table of all names could be larger than the rows."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
