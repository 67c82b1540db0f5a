"""Dropout that makes eight decisions from each random number.

A CPU generator draws numbers sequentially, and a draw for every activation costs more than the
surrounding layers. Here one byte makes a decision: the probability, and the scale of the kept
entries, are rounded to a multiple of 1/256.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Sets entries to zero with a probability in training and scales up the others.

    Args:
        p: the probability, in [0, 1).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        assert 0 <= p < 1, p
        self.threshold = min(round(p * 256), 255)

    def forward(self, x: Tensor) -> Tensor:
        """Accept any shape and floating dtype; return the same."""
        if not self.training or self.threshold == 0:
            return x
        num_words = -(-x.numel() // 8)
        words = torch.empty(num_words, dtype=torch.int64, device=x.device).random_(-(2**63), None)
        bytes_of_x = words.view(torch.uint8)[: x.numel()].view(x.shape)
        scale = 256 / (256 - self.threshold)
        return x * (bytes_of_x >= self.threshold).to(x.dtype).mul_(scale)

    def extra_repr(self) -> str:
        return f"p={self.threshold / 256}"
