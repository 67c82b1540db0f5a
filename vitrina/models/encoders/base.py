"""What every encoder is: ragged token embeddings in, ragged token states out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import nn

from vitrina.models.layers.ragged import Ragged
from vitrina.state import FittedState


class Encoder(nn.Module, ABC):
    """Lets tokens see their neighbours.

    Attributes:
        dim: dimension D' of a token's state.
        stride: tokens that become one state, the last of a text perhaps fewer.
    """

    dim: int
    stride: int = 1

    @classmethod
    def fit(cls, config: Any) -> FittedState:
        """What `build` needs besides the option's values; most need nothing."""
        return FittedState()

    @classmethod
    def build(cls, config: Any, in_dim: int, fitted: FittedState) -> Encoder:
        """The encoder of token embeddings of dimension `in_dim`, with random weights."""
        return cls(config, in_dim)

    def load_pretrained(self) -> None:
        """Take over weights from outside the run, before training starts; most have none."""

    @abstractmethod
    def forward(self, x: Ragged) -> Ragged:
        """Embeddings [N, D] to states [N', dim]; a stride may leave fewer tokens, never none."""
