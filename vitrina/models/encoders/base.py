"""The base class of encoders: ragged token embeddings to ragged hidden states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import nn

from vitrina.models.layers.ragged import Ragged
from vitrina.state import FittedState


class Encoder(nn.Module, ABC):
    """Maps token embeddings to hidden states, in the context of their text.

    Attributes:
        dim: dimension D' of a hidden state.
        stride: tokens of a hidden state; the last one of a text may have fewer.
    """

    dim: int
    stride: int = 1

    @classmethod
    def fit(cls, config: Any) -> FittedState:
        """Return the state that `build` needs besides the settings; most need none."""
        return FittedState()

    @classmethod
    def build(cls, config: Any, in_dim: int, fitted: FittedState) -> Encoder:
        """Return an encoder of embeddings of dimension `in_dim`, with random weights."""
        return cls(config, in_dim)

    def load_pretrained(self) -> None:
        """Load pretrained weights from outside the run, before training starts; most have none."""

    @abstractmethod
    def forward(self, x: Ragged) -> Ragged:
        """Map embeddings [N, D] to hidden states [N', dim], at least one for each text."""
