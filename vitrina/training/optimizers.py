"""Optimizers, and how the learning rate changes over the steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer, SparseAdam

from vitrina.training.config import AdamWConfig, TrainingConfig


def build_optimizers(config: AdamWConfig, model: nn.Module) -> list[Optimizer]:
    """The optimizers that together train `model`; their learning rates are the largest ones.

    Weight decay applies to weights with at least two dimensions, not to biases, normalisations
    or embedding tables. A module with `rate_shares` gets shares of the learning rate.

    Tables with sparse gradients are trained by torch's SparseAdam, which moves only the rows of a
    batch.
    """
    tables = [module for module in model.modules() if isinstance(module, nn.Embedding)]
    in_tables = {id(table.weight) for table in tables}
    shares = _rate_shares(model)
    parameters = [p for p in model.parameters() if p.requires_grad]
    decayed, spared = _part(parameters, lambda p: p.dim() >= 2 and id(p) not in in_tables)
    rate = config.learning_rate

    in_sparse = {id(table.weight) for table in tables if table.sparse}
    sparse, spared = _part(spared, lambda p: id(p) in in_sparse)
    groups = [
        {
            "params": [p for p in chosen if shares.get(id(p), 1.0) == share],
            "weight_decay": decay,
            "lr": rate * share,
        }
        for chosen, decay in ((decayed, config.weight_decay), (spared, 0.0))
        for share in sorted({1.0, *shares.values()}, reverse=True)  # the first rate is shown
    ]
    betas = (config.beta1, config.beta2)
    optimizers: list[Optimizer] = [AdamW(groups, rate, betas=betas, fused=True)]
    if sparse:
        assert not any(id(p) in shares for p in sparse)
        optimizers.append(SparseAdam(sparse, rate, betas=betas))
    return optimizers


def _part(
    parameters: list[nn.Parameter], chosen: Callable[[nn.Parameter], bool]
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Those that are chosen, and the others."""
    return [p for p in parameters if chosen(p)], [p for p in parameters if not chosen(p)]


@runtime_checkable
class HasRates(Protocol):
    """A module some of whose parameters want a share of the learning rate, from 0 to 1."""

    def rate_shares(self) -> Iterable[tuple[Tensor, float]]: ...


def _rate_shares(model: nn.Module) -> dict[int, float]:
    """Shares of the learning rate, by the id of the parameter; the others have 1."""
    modules = [module for module in model.modules() if isinstance(module, HasRates)]
    return {id(p): shard for module in modules for p, shard in module.rate_shares()}


def rate_at(config: TrainingConfig, step: int, num_steps: int) -> float:
    """Share of the largest learning rate at `step` (counted from 0) of `num_steps`.

    `one_cycle` rises and falls along half cosines (Smith and Topin 2018); `cosine` and `linear`
    rise linearly; `constant` stays after the rise.
    """
    rising = max(config.warmup * num_steps, 1e-9)
    if step < rising:
        shard = (step + 1) / (math.ceil(rising) + 1)
        smooth = config.schedule == "one_cycle"
        return (1 - math.cos(math.pi * shard)) / 2 if smooth else shard
    done = min((step - rising) / max(num_steps - rising, 1e-9), 1.0)
    if config.schedule == "constant":
        return 1.0
    left = 1 - done if config.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
    return config.final_rate + (1 - config.final_rate) * left


class RateSchedule:
    """Sets the learning rates of optimizers for a step, relative to their largest ones."""

    def __init__(self, config: TrainingConfig, optimizers: list[Optimizer], num_steps: int) -> None:
        self.config, self.optimizers, self.num_steps = config, optimizers, num_steps
        self.largest = [[float(group["lr"]) for group in o.param_groups] for o in optimizers]

    def set(self, step: int) -> float:
        """Set the rates of `step` (counted from 0); returns that of the first group."""
        shard = rate_at(self.config, step, self.num_steps)
        for optimizer, largest in zip(self.optimizers, self.largest, strict=True):
            for group, rate in zip(optimizer.param_groups, largest, strict=True):
                group["lr"] = rate * shard
        return self.largest[0][0] * shard
