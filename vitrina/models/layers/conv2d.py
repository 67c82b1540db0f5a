"""A convolution over any number of pictures that shows a GPU few different numbers of them.

cuDNN plans each convolution anew for every new shape, in milliseconds, and every batch has another
number of slices. So blank pictures fill the number up, and what becomes of them is cut off again.
Convolutions never mix pictures: results and gradients are those of the plain form, and
normalisations see only pictures that are there.

Shapes: N pictures, C channels, H height, W width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.models.layers.ragged import round_up


def wants_few_sizes(x: Tensor) -> bool:
    """Whether new shapes cost more than the filling; compiled code plans for any number."""
    return x.is_cuda and not torch.compiler.is_compiling()


class BucketedConv2d(nn.Conv2d):
    """torch's convolution of [N, C, H, W], the same function and the same weights."""

    def forward(self, input: Tensor) -> Tensor:
        if not wants_few_sizes(input):
            return super().forward(input)
        count = len(input)
        return _First.apply(super().forward(_filled(input, round_up(count))), count)  # pyright: ignore[reportReturnType]


def _filled(x_NCHW: Tensor, count: int) -> Tensor:
    """Zeros behind the pictures up to `count`; the order of memory stays."""
    return F.pad(x_NCHW, (0, 0, 0, 0, 0, 0, 0, count - len(x_NCHW)))


class _First(torch.autograd.Function):
    """The first of the pictures.

    torch's own gradient of this is laid out channels first, whatever it was given, and the
    convolution would have to turn it over again.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, count: int) -> Tensor:
        ctx.filled = len(x)
        return x.narrow(0, 0, count)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _filled(gradients[0], ctx.filled), None
