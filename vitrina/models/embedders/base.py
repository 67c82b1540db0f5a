"""Base classes of embedders: a tokenizer on the host, `forward` on the device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from torch import Tensor, nn

from vitrina.models.layers.ragged import Ragged
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer, VisualTokenizer
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState


class Embedder(nn.Module, ABC):
    """Maps the integers of its tokenizer to token embeddings.

    Attributes:
        tokenizer: maps texts to integers.
        dim: dimension D of a token embedding.
    """

    tokenizer: Tokenizer
    dim: int

    @classmethod
    def fit(cls, config: Any, corpus: Corpus) -> FittedState:
        """Fit on the training texts, by default nothing; `cls(config, state)` takes the result."""
        return FittedState()

    def load_pretrained(self) -> None:
        """Load pretrained weights from outside the run, before training starts; most have none."""

    @abstractmethod
    def forward(self, inputs: TokenBatch) -> Ragged:
        """Return token embeddings [N, dim] of `inputs`, ragged by `inputs.num_tokens`."""


class VisualEmbedder(Embedder):
    """Draws texts; each token shows a part of the drawn text.

    Attributes:
        token_px: height H and width W of the image of a token.
        step_px: distance between the left edges of the images of two neighboring tokens.
    """

    tokenizer: VisualTokenizer  # pyright: ignore[reportIncompatibleVariableOverride]
    token_px: tuple[int, int]
    step_px: int

    @abstractmethod
    def render(self, inputs: TokenBatch) -> Tensor:
        """Return the unmasked image of each token, uint8 [N, H, W], 255 is ink."""

    @abstractmethod
    def mask(self, inputs: TokenBatch, masked: np.ndarray) -> TokenBatch:
        """Return the same texts with the masked tokens' own pixels hidden.

        Only a masked token itself may still show them, so the caller replaces its embedding.

        Args:
            masked: bool [N], on the host.
        """

    @abstractmethod
    def hidden(self, inputs: TokenBatch) -> Tensor:
        """Return which pixel columns of each token `mask` has hidden, bool [N, W]."""
