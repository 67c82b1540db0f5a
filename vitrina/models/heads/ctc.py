"""The CTC head: token embeddings or hidden states to the logits of CTC.

Shapes: N inputs, M = N · steps frames, A symbols of the alphabet, D dimension.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from vitrina.models.layers.convolution import RaggedConv
from vitrina.models.layers.ragged import Line, Ragged


class CtcHead(nn.Module):
    """Residual convolutions, then a linear map to several frames for each input.

    Args:
        in_dim: dimension of the input.
        dim: channels of the convolutions.
        kernels: odd kernel sizes, one convolution for each; without any, only the linear map.
        steps: frames for each input.
        num_symbols: size A of the alphabet.
        uses_encoder: whether the inputs are hidden states, not token embeddings.
        span: tokens of the embedder for each input.
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
        """Return the number of frames, int64 [B], of texts with `num_tokens` embedded tokens."""
        return -(-num_tokens // self.span) * self.steps

    def forward(self, x: Ragged) -> Ragged:
        """Map inputs [N, D] to logits [M, A], ragged by the frames of each text."""
        line = Line.plan(x.lengths, self.radius, 1, x.values.device)
        for index, convolution in enumerate(self.convolutions):
            convolved = convolution(x.values, line)
            x = x.with_values(x.values + convolved if index else convolved)
        logits = self.linear(x.values).view(-1, self.num_symbols)
        return Ragged(logits, x.lengths * self.steps)
