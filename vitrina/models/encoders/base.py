"""What every encoder is: ragged token embeddings in, ragged token states out."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import nn

from vitrina.models.ragged import Ragged


class Encoder(nn.Module, ABC):
    """Lets tokens see their neighbours.

    Attributes:
        width: width D' of a token's state.
    """

    width: int

    @abstractmethod
    def forward(self, x: Ragged) -> Ragged:
        """Embeddings [N, D] to states [N', width]; a stride may leave fewer tokens, never none."""
