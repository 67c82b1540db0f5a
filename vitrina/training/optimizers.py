"""Optimizers, and how the learning rate changes over the steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import SGD, AdamW, Muon, Optimizer, SparseAdam

from vitrina.training.config import AdamWConfig, MuonConfig, SgdConfig, TrainingConfig


def build_optimizers(config: Any, model: nn.Module) -> list[Optimizer]:
    """The optimizers that together train `model`; their learning rates are the largest ones.

    Weight decay applies to weights with at least two dimensions, not to biases, normalisations
    or embedding tables.

    Tables with sparse gradients are trained by the form of Adam that moves the rows of a batch
    alone (torch's SparseAdam). Momentum moves every row in every step: before SGD with momentum
    the gradients of all tables are made whole.
    """
    tables = [module for module in model.modules() if isinstance(module, nn.Embedding)]
    in_tables = {id(table.weight) for table in tables}
    parameters = [p for p in model.parameters() if p.requires_grad]
    decayed, spared = _part(parameters, lambda p: p.dim() >= 2 and id(p) not in in_tables)
    if isinstance(config, SgdConfig):
        for table in tables:
            table.sparse = table.sparse and config.momentum == 0
        groups, nesterov = _groups(config, decayed, spared), config.momentum > 0
        return [SGD(groups, config.learning_rate, momentum=config.momentum, nesterov=nesterov)]

    assert isinstance(config, AdamWConfig | MuonConfig)
    rate, betas = config.learning_rate, (config.beta1, config.beta2)
    in_sparse = {id(table.weight) for table in tables if table.sparse}
    sparse, spared = _part(spared, lambda p: id(p) in in_sparse)
    others: list[Optimizer] = []
    if sparse:
        others.append(SparseAdam(sparse, rate, betas=betas))
    if isinstance(config, MuonConfig):
        matrices, decayed = _part(decayed, lambda p: p.dim() == 2)
        if matrices:
            others.append(
                Muon(
                    matrices,
                    rate,
                    weight_decay=config.weight_decay,
                    momentum=config.momentum,
                    adjust_lr_fn="match_rms_adamw",  # so that all parts share one learning rate
                )
            )
    return [AdamW(_groups(config, decayed, spared), rate, betas=betas, fused=True), *others]


def _part(
    parameters: list[nn.Parameter], chosen: Callable[[nn.Parameter], bool]
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Those that are chosen, and the others."""
    return [p for p in parameters if chosen(p)], [p for p in parameters if not chosen(p)]


def _groups(config: Any, decayed: list[nn.Parameter], spared: list[nn.Parameter]) -> list[Any]:
    """The parameters of an optimizer: those that decay, and those that do not."""
    return [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]


def rate_at(config: TrainingConfig, step: int, num_steps: int) -> float:
    """Share of the largest learning rate at `step` (counted from 0) of `num_steps`.

    `one_cycle` rises and falls along half cosines (Smith and Topin 2018); `cosine` and `linear`
    rise linearly; `constant` stays after the rise.
    """
    rising = max(config.warmup * num_steps, 1e-9)
    if step < rising:
        share = (step + 1) / (math.ceil(rising) + 1)
        smooth = config.schedule == "one_cycle"
        return (1 - math.cos(math.pi * share)) / 2 if smooth else share
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
        share = rate_at(self.config, step, self.num_steps)
        for optimizer, largest in zip(self.optimizers, self.largest, strict=True):
            for group, rate in zip(optimizer.param_groups, largest, strict=True):
                group["lr"] = rate * share
        return self.largest[0][0] * share
