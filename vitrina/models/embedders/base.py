"""What every embedder is: `encode` on the host, `forward` on the device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn

from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.models.layers.ragged import Ragged
from vitrina.models.token_batch import TokenBatch
from vitrina.noise.replacements import Replacements
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch


class Embedder(nn.Module, ABC):
    """Turns texts into token embeddings.

    Attributes:
        dim: dimension D of a token embedding.
    """

    dim: int

    @staticmethod
    def fit_noise(
        config: Any, fitted: FittedState, replaced: Callable[[], Replacements]
    ) -> FittedState:
        """Add to what was fitted on the texts what is learned of the training noise; by default
        nothing.

        Args:
            replaced: tells what the noise puts in place of letters.
        """
        return fitted

    def load_pretrained(self) -> None:
        """Take over weights from outside the run, before training starts; most have none."""

    @abstractmethod
    def tokenize(self, texts: TextBatch) -> TokenBatch:
        """Integers for a batch of texts; every text gets at least one token. Host only."""

    @abstractmethod
    def forward(self, inputs: TokenBatch) -> Ragged:
        """Token embeddings [N, dim] of `inputs`, ragged by `inputs.num_tokens`."""


class VisualEmbedder(Embedder):
    """Draws the texts; each token shows a part of the drawing.

    Attributes:
        pictures: draws the glyphs.
        token_px: height H and dim W of what a token shows.
        step_px: from the left edge of what a token shows to that of the next one's, where tokens
            are laid side by side.
    """

    pictures: GlyphRenderer
    token_px: tuple[int, int]
    step_px: int

    @abstractmethod
    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
        """The code points that each token shows, as int64 [N] first ones and ones behind the last.

        Counted from the start of the token's text; neither ever falls within a text. Host only.
        """

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
