"""Gradients of a model, plain and sparse: summed over the processes, cut to a length.

A sparse gradient holds the rows of a table that a batch touches; all others are zero.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vitrina.training.distributed import DistributedContext


def add_up_gradients(model: nn.Module, total: Tensor, processes: DistributedContext) -> None:
    """Replace the gradients of `model`, and `total`, by their sums over the processes.

    Sparse ones hold each row once afterwards.
    """
    given = [(p, p.grad) for p in model.parameters() if p.grad is not None]
    processes.add_up([*(gradient for _, gradient in given if not gradient.is_sparse), total])
    for parameter, gradient in given:
        if gradient.is_sparse:
            parameter.grad = processes.add_up_sparse(gradient)


def clip_gradient(model: nn.Module, clip_norm: float | None) -> None:
    """Scale the gradient down to `clip_norm`, if it is longer; sparse ones hold each row once."""
    if clip_norm is None:
        return
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    # torch's own `clip_grad_norm_` refuses sparse gradients; this is its formula.
    values = [gradient.values() if gradient.is_sparse else gradient for gradient in gradients]
    norm = torch.nn.utils.get_total_norm(values)
    torch._foreach_mul_(values, (clip_norm / (norm + 1e-6)).clamp(max=1.0))
