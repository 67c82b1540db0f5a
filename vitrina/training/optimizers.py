"""Optimizers, learning rate schedule and gradient clipping."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer, SparseAdam
from torch.optim.lr_scheduler import LambdaLR

from vitrina.training.config import AdamWConfig, TrainingConfig


def build_adamw(config: AdamWConfig, model: nn.Module) -> list[Optimizer]:
    """Build the optimizers of `model`, at their peak learning rates.

    Weight decay applies to weights with at least two dimensions, except embedding tables. A module
    with `rate_shares` scales the learning rates of its parameters. Tables with sparse gradients use
    SparseAdam, which updates only the rows of a batch.
    """
    tables = [module for module in model.modules() if isinstance(module, nn.Embedding)]
    in_tables = {id(table.weight) for table in tables}
    in_sparse = {id(table.weight) for table in tables if table.sparse}
    shares = _rate_shares(model)
    rate, betas = config.learning_rate, (config.beta1, config.beta2)
    parameters = [p for p in model.parameters() if p.requires_grad]
    sparse, parameters = _split(parameters, lambda p: id(p) in in_sparse)
    decayed, others = _split(parameters, lambda p: p.dim() >= 2 and id(p) not in in_tables)

    def groups(chosen: list[nn.Parameter], decay: float) -> list[dict[str, Any]]:
        """Group parameters by share of the learning rate; the first group has the full rate."""
        return [
            {
                "params": [p for p in chosen if shares.get(id(p), 1.0) == share],
                "weight_decay": decay,
                "lr": rate * share,
            }
            for share in sorted({1.0, *shares.values()}, reverse=True)
        ]

    both = [*groups(decayed, config.weight_decay), *groups(others, 0.0)]
    built: list[Optimizer] = [AdamW(both, rate, betas=betas, fused=True)]
    if sparse:
        assert not any(id(p) in shares for p in sparse)
        built.append(SparseAdam(sparse, rate, betas=betas))
    return built


def _split(
    parameters: list[nn.Parameter], chosen: Callable[[nn.Parameter], bool]
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Split parameters into chosen and other ones."""
    return [p for p in parameters if chosen(p)], [p for p in parameters if not chosen(p)]


@runtime_checkable
class HasRates(Protocol):
    """A module that scales the learning rate of some parameters, by 0 to 1."""

    def rate_shares(self) -> Iterable[tuple[Tensor, float]]: ...


def _rate_shares(model: nn.Module) -> dict[int, float]:
    """Return shares of the learning rate by id of the parameter; the default is 1."""
    modules = [module for module in model.modules() if isinstance(module, HasRates)]
    return {id(p): share for module in modules for p, share in module.rate_shares()}


def rate_at(config: TrainingConfig, num_steps: int, step: int) -> float:
    """Return the share of the peak learning rate at `step` (from 0) of `num_steps`.

    It rises and falls along half cosines (Smith and Topin 2018). torch's `OneCycleLR` starts at a
    given share of the rate, not at the first step of the rise.
    """
    rising = max(config.warmup * num_steps, 1e-9)
    if step < rising:
        return (1 - math.cos(math.pi * (step + 1) / (math.ceil(rising) + 1))) / 2
    done = min((step - rising) / max(num_steps - rising, 1e-9), 1.0)
    left = (1 + math.cos(math.pi * done)) / 2
    return config.min_lr_ratio + (1 - config.min_lr_ratio) * left


def build_schedules(
    config: TrainingConfig, optimizers: list[Optimizer], num_steps: int, first_step: int = 0
) -> list[LambdaLR]:
    """Build schedules at `first_step` for optimizers at their peak rates."""
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        group.setdefault("initial_lr", group["lr"])
    share = partial(rate_at, config, num_steps)
    return [LambdaLR(optimizer, share, last_epoch=first_step - 1) for optimizer in optimizers]


def clip_gradient(model: nn.Module, clip_norm: float | None) -> None:
    """Scale the gradient down to `clip_norm` if it is longer; sparse ones must be coalesced."""
    if clip_norm is None:
        return
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    # torch's `clip_grad_norm_` does not support sparse gradients; this is its formula.
    values = [gradient.values() if gradient.is_sparse else gradient for gradient in gradients]
    norm = torch.nn.utils.get_total_norm(values)
    torch._foreach_mul_(values, (clip_norm / (norm + 1e-6)).clamp(max=1.0))
