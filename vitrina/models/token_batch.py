"""What the loader hands to a model: short integer arrays, never pictures of text.

An embedder turns texts into `TokenBatch` on the host (`encode`) and owns the module that turns them
into token embeddings on the device (`forward`).
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
    """A batch of encoded texts.

    Attributes:
        ids: int64 [sum(lengths)], glyph ids, word pieces, characters, ….
        lengths: int64 numpy [B], ids in each text.
        num_tokens: int64 numpy [B], tokens that the embedder makes of each text, at least 1
            (equal to `lengths` unless windows are cut from a drawn line). Bounds the memory.
        tables: what the ids refer to, where that belongs to the batch (glyph pictures, widths).
        line_px: int64 numpy [B], width of each drawn line in pixels, where lines are drawn.
    """

    ids: torch.Tensor
    lengths: np.ndarray
    num_tokens: np.ndarray
    tables: dict[str, torch.Tensor] = field(default_factory=dict)
    line_px: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, indices: np.ndarray) -> TokenBatch:
        """The texts at `indices`, in that order; the tables are shared."""
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
    """Cut a batch of at least `num_parts` texts into that many parts of like numbers of tokens.

    Args:
        num_tokens: int64 [B].

    Yields:
        int64 indices, rising; together each text once.
    """
    order = np.argsort(-num_tokens, kind="stable")
    for part in range(num_parts):
        yield np.sort(order[part::num_parts])


def split_by_tokens(num_tokens: np.ndarray, max_tokens: int) -> Iterator[np.ndarray]:
    """Cut a batch into parts of at most `max_tokens` tokens each, longest texts first.

    A text with more tokens than that is a part of its own.

    Args:
        num_tokens: int64 [B].

    Yields:
        int64 indices; together each text once. A batch that fits is one part in its own order.
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
