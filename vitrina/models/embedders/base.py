"""The base class of embedders: a tokenizer on the host, `forward` on the device."""

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
    """Turns the integers of its tokenizer into token embeddings.

    Attributes:
        tokenizer: turns texts into integers.
        dim: dimension D of a token embedding.
    """

    tokenizer: Tokenizer
    dim: int

    @classmethod
    def fit(cls, config: Any, corpus: Corpus) -> FittedState:
        """Return what it needs to know of the training texts; `cls(config, state)` builds it.

        By default nothing.
        """
        return FittedState()

    def load_pretrained(self) -> None:
        """Take over weights from outside the run, before training starts; most have none."""

    @abstractmethod
    def forward(self, inputs: TokenBatch) -> Ragged:
        """Return token embeddings [N, dim] of `inputs`, ragged by `inputs.num_tokens`."""


class VisualEmbedder(Embedder):
    """Draws the texts; each token shows a part of the drawing.

    Attributes:
        token_px: height H and dim W of what a token shows.
        step_px: from the left edge of what a token shows to that of the next one's, where tokens
            are laid side by side.
    """

    tokenizer: VisualTokenizer  # pyright: ignore[reportIncompatibleVariableOverride]
    token_px: tuple[int, int]
    step_px: int

    @abstractmethod
    def render(self, inputs: TokenBatch) -> Tensor:
        """The pixels that each token shows, uint8 [N, H, W], 255 is ink; nothing is hidden."""

    @abstractmethod
    def mask(self, inputs: TokenBatch, masked: np.ndarray) -> TokenBatch:
        """The same texts with the pixels hidden that are the masked tokens' own.

        No token shows them then, but that a glyph of its own is left to the masked token: whoever
        masks puts something else in place of its embedding.

        Args:
            masked: bool [N], on the host.
        """

    @abstractmethod
    def hidden(self, inputs: TokenBatch) -> Tensor:
        """Of `inputs` that `hide` gave: bool [N, W], the columns of each token that are hidden."""
