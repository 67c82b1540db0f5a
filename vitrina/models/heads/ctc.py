"""Letters from tokens: the logits of CTC.

Shapes: N places that are read, M = N · steps, A symbols of the alphabet, D dim.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from vitrina.models.layers.convolution import RaggedConv
from vitrina.models.layers.ragged import Line, Ragged


class CtcHead(nn.Module):
    """Residual convolutions of its own, then a linear map to several symbols for each token.

    Args:
        in_dim: dimension of the input: token embeddings or token states.
        dim: channels of the convolutions.
        kernels: one convolution for each, odd; with none only the linear map is left.
        steps: symbols that each token says.
        num_symbols: size A of the alphabet.
        uses_encoder: whether token states are read, not token embeddings.
        span: tokens of the embedder behind each token that is read.
    """

    def __init__(
        self,
        in_dim: int,
        *,
        dim: int,
        kernels: list[int],
        steps: int,
        num_symbols: int,
        uses_encoder: bool,
        span: int,
    ) -> None:
        super().__init__()
        self.steps, self.num_symbols = steps, num_symbols
        self.uses_encoder, self.span = uses_encoder, span
        self.radius = max(kernel // 2 for kernel in [1, *kernels])
        widths = [in_dim, *[dim] * len(kernels)]
        self.convolutions = nn.ModuleList(
            RaggedConv(before, dim, kernel) for before, kernel in zip(widths, kernels, strict=False)
        )
        self.linear = nn.Linear(widths[-1], steps * num_symbols)

    def num_steps(self, num_tokens: np.ndarray) -> np.ndarray:
        """int64 [B]: steps that texts of so many embedded tokens make."""
        return -(-num_tokens // self.span) * self.steps

    def forward(self, x: Ragged) -> Ragged:
        """Tokens [N, D] to logits [M, A], ragged by the steps of each text."""
        line = Line.plan(x.lengths, self.radius, 1, x.values.device)
        for index, convolution in enumerate(self.convolutions):
            found = convolution(x.values, line)
            x = x.with_values(x.values + found if index else found)
        logits = self.linear(x.values).view(-1, self.num_symbols)
        return Ragged(logits, x.lengths * self.steps)
