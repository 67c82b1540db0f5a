"""A convolution over ragged tokens with its normalisation, the brick of convolutional parts.

Batch normalisation sees tokens only, never padding: the convolution runs over one line with gaps,
everything else on the gathered tokens.

Shapes: N tokens in the batch, D width.
"""

from __future__ import annotations

from torch import Tensor, nn

from vitrina.models.layers.normalization import NormReLU
from vitrina.models.layers.ragged import Line


class RaggedConv(nn.Module):
    """A 1-D convolution within each text, with batch normalisation and ReLU behind it."""

    def __init__(self, in_width: int, width: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(in_width, width, kernel, bias=False)
        self.norm: nn.Module = NormReLU(width)

    def forward(self, x_ND: Tensor, line: Line) -> Tensor:
        x_ND = line.convolve(x_ND, self.convolution.weight, self.convolution.bias)
        return self.norm(x_ND)

    def fold(self) -> None:
        """Merge the normalisation into the convolution; good in eval mode only."""
        assert isinstance(self.norm, NormReLU)
        self.norm.fold_into(self.convolution)
        # In the order of memory that convolving wants, so that it need not be copied each time.
        weight_DKC = self.convolution.weight.data.transpose(1, 2).contiguous()
        self.convolution.weight.data = weight_DKC.transpose(1, 2)
        self.norm = nn.ReLU(inplace=True)
