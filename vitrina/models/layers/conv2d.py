"""A 2-D convolution that runs on a GPU with few different batch sizes.

cuDNN plans each convolution for every new shape, in milliseconds, and the number of slices differs
in every batch. Blank images therefore fill up the batch, and their outputs are cut off.
Convolutions never mix images, so outputs and gradients equal those of `nn.Conv2d`, and
normalization never sees blank images.

Shapes: N images, C channels, H height, W width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.models.layers.ragged import round_up


def wants_few_sizes(x: Tensor) -> bool:
    """Return whether new shapes cost more than blank images; compiled code accepts any size."""
    return x.is_cuda and not torch.compiler.is_compiling()


class BucketedConv2d(nn.Conv2d):
    """`nn.Conv2d` with rounded batch sizes on a GPU: same function, same weights."""

    def forward(self, input: Tensor) -> Tensor:
        if not wants_few_sizes(input):
            return super().forward(input)
        count = len(input)
        return _First.apply(super().forward(_filled(input, round_up(count))), count)  # pyright: ignore[reportReturnType]


def _filled(x_NCHW: Tensor, count: int) -> Tensor:
    """Append blank images up to `count`, in the same memory format."""
    return F.pad(x_NCHW, (0, 0, 0, 0, 0, 0, 0, count - len(x_NCHW)))


class _First(torch.autograd.Function):
    """Selects the first images.

    The gradient of torch's own `narrow` is always channels first, which the convolution would have
    to convert.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, count: int) -> Tensor:
        ctx.filled = len(x)
        return x.narrow(0, 0, count)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _filled(gradients[0], ctx.filled), None
