"""A convolution over ragged tokens with its normalisation, the brick of convolutional parts.

Batch normalisation sees tokens only, never padding: the convolution runs over one line with gaps,
everything else on the gathered tokens.

Shapes: N tokens in the batch, D width.
"""

from __future__ import annotations

from torch import Tensor, nn

from vitrina.models.norm import BatchNorm
from vitrina.models.ragged import Line


class RaggedConv(nn.Module):
    """A 1-D convolution within each text, with batch normalisation and ReLU behind it."""

    def __init__(self, in_width: int, width: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(in_width, width, kernel, bias=False)
        self.norm = BatchNorm(width)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x_ND: Tensor, line: Line) -> Tensor:
        x_ND = line.convolve(x_ND, self.convolution.weight)
        return self.activation(self.norm(x_ND))
