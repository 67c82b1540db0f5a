"""Residual 1-D convolutions over ragged tokens.

On corpora of some ten thousand comments they learn far faster than a Transformer from scratch.
Batch normalisation sees tokens only, never padding: the convolutions run over one line with gaps,
everything else on the gathered tokens.

Shapes: N tokens in the batch, D dim.
"""

from __future__ import annotations

from torch import nn

from vitrina.models.encoders.base import Encoder
from vitrina.models.encoders.config import CnnConfig
from vitrina.models.layers.convolution import RaggedConv
from vitrina.models.layers.dropout import Dropout
from vitrina.models.layers.ragged import Line, Ragged


class CnnEncoder(Encoder):
    """A strided convolution, then residual blocks of growing kernels.

    Args:
        config: the option's values.
        in_dim: dim of the token embeddings.
    """

    def __init__(self, config: CnnConfig, in_dim: int) -> None:
        super().__init__()
        self.dim = config.dim
        self.stride = config.stride
        self.stem_radius = config.stem_kernel // 2
        self.radius = max(kernel // 2 for kernel in [1, *config.kernels])
        self.stem = RaggedConv(in_dim, config.dim, config.stem_kernel)
        self.blocks = nn.ModuleList(
            RaggedConv(config.dim, config.dim, kernel) for kernel in config.kernels
        )
        self.dropout = Dropout(config.dropout) if config.dropout else nn.Identity()

    def forward(self, x: Ragged) -> Ragged:
        device = x.values.device
        line = Line.plan(x.lengths, self.stem_radius, self.stride, device)
        x = x.with_values(self.stem(x.values, line))
        if self.stride > 1:
            # Pooling after a convolution over every token, not a strided convolution: a letter
            # sequence means the same at odd and at even places.
            x = line.pool_max(x.values)
        line = Line.plan(x.lengths, self.radius, 1, device)  # one plan serves every block
        for block in self.blocks:
            x = x.with_values(x.values + self.dropout(block(x.values, line)))
        return x
