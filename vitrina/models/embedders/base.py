"""What every embedder is: `encode` on the host, `forward` on the device."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from torch import nn

from vitrina.glyphs.pictures import Pictures
from vitrina.models.inputs import Inputs
from vitrina.models.ragged import Ragged
from vitrina.text.columns import Texts


class Embedder(nn.Module, ABC):
    """Turns texts into token embeddings.

    Attributes:
        width: width D of a token embedding.
    """

    width: int

    def load_pretrained(self) -> None:
        """Take over weights from outside the run, before training starts; most have none."""

    @abstractmethod
    def encode(self, texts: Texts) -> Inputs:
        """Integers for a batch of texts; every text gets at least one token. Host only."""

    @abstractmethod
    def forward(self, inputs: Inputs) -> Ragged:
        """Token embeddings [N, width] of `inputs`, ragged by `inputs.num_tokens`."""


class VisualEmbedder(Embedder):
    """Draws the texts; each token shows a part of the drawing.

    Attributes:
        pictures: draws the glyphs.
    """

    pictures: Pictures

    @abstractmethod
    def spans(self, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
        """The code points that each token shows, as int64 [N] first ones and ones behind the last.

        Counted from the start of the token's text; neither ever falls within a text. Host only.
        """
