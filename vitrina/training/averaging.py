"""An exponential moving average of a model's weights, which often does better than they do.

What is averaged is validated, kept as best checkpoint and tested; the live weights go on training
and never hear of it (Polyak and Juditsky 1992; Tarvainen and Valpola 2017). The statistics of
normalisations are averaged in the same way: to first order those of the averaged weights are the
average of those of the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """The average of the weights and buffers of `model` over the steps of its training.

    It takes as much memory as they do, and a step goes once through all of them.

    Args:
        model: on its device.
        decay: share of the average that is kept at each step. In the first steps it is less:
            `(1 + t) / (10 + t)` at step t, so that a short training forgets how it began.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self._live = model.state_dict()  # shares its memory with the model
        self._average = {name: tensor.clone() for name, tensor in self._live.items()}
        moving = [name for name, tensor in self._live.items() if tensor.is_floating_point()]
        self._moving = self._pairs(moving)
        self._counted = self._pairs([name for name in self._live if name not in set(moving)])

    def _pairs(self, names: list[str]) -> tuple[list[Tensor], list[Tensor]]:
        """The averages with these names, and what they are the averages of."""
        return [self._average[name] for name in names], [self._live[name] for name in names]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights as they are after the step of that number, counted from 0."""
        averages, live = self._moving
        decay = min(self.decay, (1 + step) / (10 + step)) if step else 0.0
        if averages:
            torch._foreach_lerp_(averages, live, 1 - decay)
        for average, counted in zip(*self._counted, strict=True):
            average.copy_(counted)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """For the time of the context the model holds the average, afterwards its own weights."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        for average, live in (self._moving, self._counted):
            for a, b in zip(average, live, strict=True):
                kept = b.clone()
                b.copy_(a)
                a.copy_(kept)

    def state_dict(self) -> dict[str, Tensor]:
        """The average by the names that the model gives its weights and buffers."""
        return self._average

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over what `state_dict` gave; names and shapes are those of the model."""
        assert state.keys() == self._average.keys()
        for name, tensor in self._average.items():
            tensor.copy_(state[name])
