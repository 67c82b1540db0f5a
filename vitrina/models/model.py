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
    """Texts as `TokenBatch` to the head's output.

    Args:
        embedder: turns inputs into token embeddings [N, D].
        encoder: turns them into token states [N', D'].
        head: turns the states into the task's output, for classification logits [B, C].
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
        """Leave parts, `embedder` or `encoder`, as they are from now on.

        Their weights get no gradients, and they work as in eval mode in training too: the
        statistics of their normalisations stay, and nothing is dropped.
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
        """Logits [M, A] of the symbols that are read, ragged by the steps of each text."""
        assert self.ctc_head is not None
        x = self.embedder(inputs)
        return self.ctc_head(self.encoder(x) if self.ctc_head.uses_encoder else x)

    def forward_and_recognize(self, inputs: TokenBatch) -> tuple[Tensor, Ragged]:
        """`forward` and `recognize` with what is common to both computed once."""
        assert self.ctc_head is not None
        x = self.embedder(inputs)
        states = self.encoder(x)
        return self.head(states), self.ctc_head(states if self.ctc_head.uses_encoder else x)

    def load_pretrained(self) -> None:
        """Take over the weights that stand outside the run: once, before training starts.

        Raises:
            InputError: if they cannot be read.
        """
        self.embedder.load_pretrained()
        self.encoder.load_pretrained()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())
