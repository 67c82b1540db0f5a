"""Tokenized texts: small integer arrays that workers send to the model, no drawn lines.

A `Tokenizer` makes a `TokenBatch` on the host, an `Embedder` maps it to embeddings on the device.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from vitrina.models.layers.ragged import exclusive_sum
from vitrina.text.batch import ranges


@dataclass(frozen=True)
class TokenBatch:
    """A batch of tokenized texts.

    Attributes:
        ids: int64 [sum(lengths)], ids of glyphs, word pieces, characters, ….
        lengths: int64 numpy [B], ids in each text.
        num_tokens: int64 numpy [B], tokens that the embedder makes of each text, at least 1
            (equal to `lengths` unless windows are cut from a drawn line). Bounds the memory.
        tables: data of this batch that the ids refer to (glyph images, widths).
        line_px: int64 numpy [B], width of each drawn line in pixels; None without drawn lines.
    """

    ids: torch.Tensor
    lengths: np.ndarray
    num_tokens: np.ndarray
    tables: dict[str, torch.Tensor] = field(default_factory=dict)
    line_px: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, indices: np.ndarray) -> TokenBatch:
        """Return the texts at `indices`, in that order; the tables are shared."""
        lengths = self.lengths[indices]
        rows = ranges(exclusive_sum(self.lengths)[indices], lengths)
        ids = self.ids[torch.from_numpy(rows)]
        line_px = None if self.line_px is None else self.line_px[indices]
        return TokenBatch(ids, lengths, self.num_tokens[indices], self.tables, line_px)

    def to(self, device: torch.device) -> TokenBatch:
        if device.type == "cpu":
            return self
        move = {name: table.to(device, non_blocking=True) for name, table in self.tables.items()}
        ids = self.ids.to(device, non_blocking=True)
        return TokenBatch(ids, self.lengths, self.num_tokens, move, self.line_px)


def split_into(num_tokens: np.ndarray, num_parts: int) -> Iterator[np.ndarray]:
    """Split a batch of at least `num_parts` texts into parts with similar numbers of tokens.

    Args:
        num_tokens: int64 [B].

    Yields:
        int64 indices, ascending; each text is in one part.
    """
    order = np.argsort(-num_tokens, kind="stable")
    for part in range(num_parts):
        yield np.sort(order[part::num_parts])


def split_by_tokens(num_tokens: np.ndarray, max_tokens: int) -> Iterator[np.ndarray]:
    """Split a batch into parts of at most `max_tokens` tokens, longest texts first.

    A longer text is a part of its own. A batch that fits is one part, in its own order.

    >>> [part.tolist() for part in split_by_tokens(np.array([5, 3, 4]), 8)]
    [[0], [2, 1]]

    Args:
        num_tokens: int64 [B].

    Yields:
        int64 indices; each text is in one part.
    """
    if num_tokens.sum() <= max_tokens:
        yield np.arange(len(num_tokens))
        return
    order = np.argsort(-num_tokens, kind="stable")
    totals = np.cumsum(num_tokens[order])
    start = 0
    while start < len(order):
        before = totals[start - 1] if start else 0
        end = max(int(np.searchsorted(totals, before + max_tokens, side="right")), start + 1)
        yield order[start:end]
        start = end
