"""A convolution over ragged tokens with batch normalization.

Normalization sees tokens only, never padding: the convolution runs over one line with gaps,
everything else over the gathered tokens.

Shapes: N tokens in the batch, D channels, K kernel size, C input channels.
"""

from __future__ import annotations

from torch import Tensor, nn

from vitrina.models.layers.normalization import NormReLU
from vitrina.models.layers.ragged import Line


class RaggedConv(nn.Module):
    """A 1-D convolution within each text, then batch normalization and ReLU."""

    def __init__(self, in_width: int, width: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(in_width, width, kernel, bias=False)
        self.norm: nn.Module = NormReLU(width)

    def forward(self, x_ND: Tensor, line: Line) -> Tensor:
        x_ND = line.convolve(x_ND, self.convolution.weight, self.convolution.bias)
        return self.norm(x_ND)

    def fold(self) -> None:
        """Fuse the normalization into the convolution; valid in eval mode only."""
        assert isinstance(self.norm, NormReLU)
        self.norm.fold_into(self.convolution)
        # Store the memory format of the convolution, which avoids a copy in each call.
        weight_DKC = self.convolution.weight.data.transpose(1, 2).contiguous()
        self.convolution.weight.data = weight_DKC.transpose(1, 2)
        self.norm = nn.ReLU(inplace=True)
