"""Batch normalisation whose statistics are those of the whole batch, over all processes.

torch's own synchronised form refuses CPUs. Where one process trains, this is torch's plain one.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class _AddUp(torch.autograd.Function):
    """The sum of a tensor over the processes; so is its gradient."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        summed = tensor.clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        summed = gradients[0].clone()
        dist.all_reduce(summed)
        return summed


def _add_up(tensor: Tensor) -> Tensor:
    summed = _AddUp.apply(tensor)
    assert isinstance(summed, Tensor)
    return summed


class BatchNorm(_BatchNorm):
    """Normalises the channels of [N, C, …] (Ioffe and Szegedy 2015)."""

    def _check_input_dim(self, input: Tensor) -> None:
        assert input.dim() >= 2, input.shape

    def forward(self, input: Tensor) -> Tensor:
        together = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        if self.training and together:
            return self._forward_together(input)
        return super().forward(input)

    def fold_into(self, convolution: nn.Conv1d | nn.Conv2d) -> None:
        """Make `convolution`, which this follows, do what both do in eval mode.

        Its weight is scaled and its bias moved (Jacob et al. 2018, section 3.2); this is to be
        left out from then on.
        """
        assert self.running_mean is not None and self.running_var is not None
        with torch.no_grad():
            scale = self.weight * (self.running_var + self.eps).rsqrt()
            mean = (
                self.running_mean
                if convolution.bias is None
                else (self.running_mean - convolution.bias)
            )
            weight = convolution.weight * scale.view(-1, *[1] * (convolution.weight.dim() - 1))
            convolution.weight = nn.Parameter(weight)
            convolution.bias = nn.Parameter(self.bias - mean * scale)

    def _forward_together(self, x: Tensor) -> Tensor:
        # One exchange for the mean and one for the variance about it: in a single one the
        # difference of two large sums would lose digits.
        dims = [dim for dim in range(x.dim()) if dim != 1]
        values = x.float()
        mine = torch.tensor([x.numel() / x.shape[1]], device=x.device)
        summed = _add_up(torch.cat([values.sum(dims), mine]))
        count, mean = summed[-1].detach(), summed[:-1] / summed[-1].detach()
        shape = [-1 if dim == 1 else 1 for dim in range(x.dim())]
        centred = values - mean.view(shape)
        variance = _add_up(centred.square().sum(dims)) / count
        self._keep(mean.detach(), variance.detach() * count / (count - 1).clamp(min=1))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(x.dtype)

    def _keep(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, as torch's form does, by the momentum."""
        assert self.running_mean is not None and self.running_var is not None
        assert self.momentum is not None and self.num_batches_tracked is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
        self.num_batches_tracked.add_(1)


class NormReLU(BatchNorm):
    """Batch normalisation and ReLU behind it."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).relu_()
