"""Optimizers, and how the learning rate changes over the steps."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, AdamW, Muon, Optimizer

from vitrina.training.config import AdamWConfig, MuonConfig, SgdConfig, TrainingConfig


def build_optimizers(config: Any, model: nn.Module) -> list[Optimizer]:
    """The optimizers that together train `model`; their learning rates are the largest ones.

    Weight decay applies to weights with at least two dimensions, not to biases, normalisations
    or embedding tables.
    """
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    parameters = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in parameters if p.dim() >= 2 and id(p) not in tables]
    spared = [p for p in parameters if p.dim() < 2 or id(p) in tables]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    if isinstance(config, SgdConfig):
        nesterov = config.momentum > 0
        return [SGD(groups, config.learning_rate, momentum=config.momentum, nesterov=nesterov)]
    betas = (config.beta1, config.beta2)
    if isinstance(config, AdamWConfig):
        return [AdamW(groups, config.learning_rate, betas=betas, fused=True)]
    assert isinstance(config, MuonConfig)
    matrices = [p for p in decayed if p.dim() == 2]
    groups[0]["params"] = [p for p in decayed if p.dim() != 2]
    optimizers: list[Optimizer] = [AdamW(groups, config.learning_rate, betas=betas, fused=True)]
    if matrices:
        optimizers.append(
            Muon(
                matrices,
                config.learning_rate,
                weight_decay=config.weight_decay,
                momentum=config.momentum,
                adjust_lr_fn="match_rms_adamw",  # so that both parts share one learning rate
            )
        )
    return optimizers


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


def clip_gradient(model: nn.Module, clip_norm: float | None) -> None:
    """Scale the gradient down to `clip_norm`, if it is longer."""
    if clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
