"""A model: an embedder, an encoder and a head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from vitrina.models.embedders.base import Embedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.heads.ctc import CtcHead
from vitrina.models.layers.ragged import Ragged
from vitrina.models.token_batch import TokenBatch


class Model(nn.Module):
    """Maps a `TokenBatch` to the output of a task.

    Args:
        embedder: maps tokens to embeddings [N, D].
        encoder: maps embeddings to hidden states [N', D'].
        head: maps hidden states to the output, for classification logits [B, C].
        ctc_head: recognizes text; None: there is none.
    """

    def __init__(
        self,
        embedder: Embedder,
        encoder: Encoder,
        head: nn.Module,
        ctc_head: CtcHead | None = None,
    ) -> None:
        super().__init__()
        self.embedder = embedder
        self.encoder = encoder
        self.head = head
        self.ctc_head = ctc_head
        self.frozen: tuple[str, ...] = ()

    def freeze(self, parts: Sequence[str]) -> None:
        """Freeze parts, `embedder` or `encoder`.

        They get no gradients and stay in eval mode: no dropout, fixed normalization statistics.
        """
        self.frozen = tuple(parts)
        for part in self.frozen:
            getattr(self, part).requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        for part in self.frozen:
            getattr(self, part).eval()
        return self

    def forward(self, inputs: TokenBatch) -> Tensor:
        return self.head(self.encoder(self.embedder(inputs)))

    def recognize(self, inputs: TokenBatch) -> Ragged:
        """Return CTC logits [M, A] of the symbols, ragged by the frames of each text."""
        assert self.ctc_head is not None
        x = self.embedder(inputs)
        return self.ctc_head(self.encoder(x) if self.ctc_head.uses_encoder else x)

    def forward_and_recognize(self, inputs: TokenBatch) -> tuple[Tensor, Ragged]:
        """Return `forward` and `recognize`; their common part is computed once."""
        assert self.ctc_head is not None
        x = self.embedder(inputs)
        states = self.encoder(x)
        return self.head(states), self.ctc_head(states if self.ctc_head.uses_encoder else x)

    def load_pretrained(self) -> None:
        """Load pretrained weights from outside the run; called once, before training starts.

        Raises:
            InputError: if they cannot be read.
        """
        self.embedder.load_pretrained()
        self.encoder.load_pretrained()

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return next(self.parameters()).device

    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())
