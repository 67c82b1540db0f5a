"""Slices: overlapping windows of the drawn line, embedded by convolutions.

Only windows of texts are cut and embedded, never padding.

Shapes: N slices in the batch, H height, W window, C channels, D dimension.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from vitrina.models.embedders.config import SlicesConfig
from vitrina.models.embedders.windows import WindowsEmbedder
from vitrina.models.layers.conv2d import BucketedConv2d
from vitrina.models.layers.normalization import BatchNorm
from vitrina.models.layers.ragged import Ragged
from vitrina.models.token_batch import TokenBatch
from vitrina.state import FittedState


class ResidualBlock(nn.Module):
    """conv-BN-ReLU-conv-BN plus a 1×1 shortcut, then ReLU and max-pooling by 2."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            BucketedConv2d(in_channels, out_channels, 3, padding=1, bias=False),
            BatchNorm(out_channels),
            nn.ReLU(inplace=True),
            BucketedConv2d(out_channels, out_channels, 3, padding=1, bias=False),
            BatchNorm(out_channels),
        )
        self.shortcut = BucketedConv2d(in_channels, out_channels, 1)
        self.tail = nn.Sequential(nn.ReLU(inplace=True), nn.MaxPool2d(2))

    def fold(self) -> None:
        """Fuse the normalization into the convolutions; valid in eval mode only."""
        for i in (0, 3):
            convolution, norm = self.body[i], self.body[i + 1]
            assert isinstance(convolution, nn.Conv2d) and isinstance(norm, BatchNorm)
            norm.fold_into(convolution)
            self.body[i + 1] = nn.Identity()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return self.tail(self.body(x_NCHW) + self.shortcut(x_NCHW))


class SlicesEmbedder(WindowsEmbedder):
    """Residual convolutions over each slice, then a linear map."""

    def __init__(self, config: SlicesConfig, fitted: FittedState) -> None:
        super().__init__(config)
        self.config = config
        channels = [1, *config.channels]
        pairs = pairwise(channels)
        self.blocks = nn.Sequential(*(ResidualBlock(c_in, c_out) for c_in, c_out in pairs))
        halved = 2 ** len(config.channels)
        area = (config.height_px // halved) * (config.window_px // halved)
        self.bridge = nn.Linear(config.channels[-1] * area, config.dim)
        # Convolutions are faster with channels last, on CPUs and on tensor cores.
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def embed_slices(self, slices_NHW: Tensor) -> Tensor:
        """Return embeddings [N, D] of slices, uint8 [N, H, W]."""
        # With one channel, [N, 1, H, W] is both contiguous and channels last: choose one.
        x = (slices_NHW.float() / 255).unsqueeze(1).contiguous(memory_format=torch.channels_last)
        return self.bridge(self.blocks(x).flatten(1))

    def forward(self, inputs: TokenBatch) -> Ragged:
        return Ragged(self.embed_slices(self.render(inputs)), inputs.num_tokens)
