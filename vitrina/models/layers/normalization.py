"""Batch normalization with statistics over the batches of all processes.

`nn.SyncBatchNorm` refuses CPUs. With a single process this is torch's plain batch normalization.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class _AllReduceSum(torch.autograd.Function):
    """Sums a tensor over the processes, and its gradient, too."""

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


def _all_reduce_sum(tensor: Tensor) -> Tensor:
    summed = _AllReduceSum.apply(tensor)
    assert isinstance(summed, Tensor)
    return summed


class BatchNorm(_BatchNorm):
    """Normalizes the channels of [N, C, …] (Ioffe and Szegedy 2015)."""

    def _check_input_dim(self, input: Tensor) -> None:
        assert input.dim() >= 2, input.shape

    def forward(self, input: Tensor) -> Tensor:
        synchronize = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        if self.training and synchronize:
            return self._forward_synchronized(input)
        return super().forward(input)

    def fold_into(self, convolution: nn.Conv1d | nn.Conv2d) -> None:
        """Fuse this layer, in eval mode, into the preceding `convolution`; then remove this layer.

        Scales the weight and shifts the bias (Jacob et al. 2018, section 3.2).
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

    def _forward_synchronized(self, x: Tensor) -> Tensor:
        # Two reductions, for the mean and for the variance around it: with a single one, the
        # difference of two large sums would lose digits.
        dims = [dim for dim in range(x.dim()) if dim != 1]
        values = x.float()
        local_count = torch.tensor([x.numel() / x.shape[1]], device=x.device)
        summed = _all_reduce_sum(torch.cat([values.sum(dims), local_count]))
        count, mean = summed[-1].detach(), summed[:-1] / summed[-1].detach()
        shape = [-1 if dim == 1 else 1 for dim in range(x.dim())]
        centered = values - mean.view(shape)
        variance = _all_reduce_sum(centered.square().sum(dims)) / count
        self._update_statistics(mean.detach(), variance.detach() * count / (count - 1).clamp(min=1))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centered * scale.view(shape) + self.bias.view(shape)).to(x.dtype)

    def _update_statistics(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None and self.running_var is not None
        assert self.momentum is not None and self.num_batches_tracked is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
        self.num_batches_tracked.add_(1)


class NormReLU(BatchNorm):
    """Batch normalization, then ReLU."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).relu_()
