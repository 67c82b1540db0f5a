"""A model whose texts are partly hidden, and that says what stood there.

As in BERT (Devlin et al. 2019) spans of tokens are replaced by a learned embedding, as in masked
autoencoders (He et al. 2022) and PIXEL (Rust et al. 2023) their pixels are to be restored.

Shapes: B texts, N tokens, M of them hidden, H/W pixels of a token, D dim.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.heads.pixels import PixelHead
from vitrina.models.layers.masking import Masking
from vitrina.models.layers.ragged import Ragged, exclusive_sum, to_device
from vitrina.models.model import Model
from vitrina.models.token_batch import TokenBatch

EPSILON = 1e-6
"""Added to the variance of what a token hides, as in masked autoencoders: it may be all blank."""


@dataclass(frozen=True)
class Reconstruction:
    """What hidden tokens show, and what a model says that they show.

    Attributes:
        shown: uint8 [M, H, W], 255 is ink.
        hidden: bool [M, W], the columns that are hidden; the others do not count.
        said: float32 [M, H, W], in units of `scales`.
    """

    shown: Tensor
    hidden: Tensor
    said: Tensor

    def scales(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the hidden pixels of each token, float32 [M, 1, 1]; 1 is ink."""
        ink, weight, count = self._weighted()
        mean = (ink * weight).sum((1, 2), keepdim=True) / count
        variance = ((ink - mean).square() * weight).sum((1, 2), keepdim=True) / count
        return mean, (variance + EPSILON).sqrt()

    def errors(self) -> Tensor:
        """Mean squared error of the hidden pixels of each token, float32 [M].

        Of the pixels less their mean, divided by their deviation (He et al. 2022, section 4.1):
        contrast within what is hidden counts, not how much ink there is.
        """
        ink, weight, count = self._weighted()
        mean, deviation = self.scales()
        squares = (self.said - (ink - mean) / deviation).square() * weight
        return squares.sum((1, 2)) / count.flatten()

    def pixels(self) -> Tensor:
        """What is said as uint8 [M, H, W]: with the true mean and deviation, which no one says."""
        mean, deviation = self.scales()
        return ((self.said * deviation + mean).clamp(0, 1) * 255).round().to(torch.uint8)

    def _weighted(self) -> tuple[Tensor, Tensor, Tensor]:
        """Ink [M, H, W], weights of its columns [M, 1, W], and how many pixels count [M, 1, 1]."""
        weight = self.hidden.float().unsqueeze(1)
        count = weight.sum(2, keepdim=True) * self.shown.shape[1]
        return self.shown.float() / 255, weight, count.clamp(min=1)


class MaskedModel(Model):
    """Hides spans of tokens and measures how far off their restored pixels are.

    Its output is float32 [B, 2]: the mean squared errors (`Reconstruction.errors`) of a text's
    hidden tokens, added up, and how many these are. What reads sees the whole text.

    Hidden is what is a token's own: its glyph, or the columns of the line in which its window
    begins. They are blank before windows are cut, so that no window that overlaps them shows them.
    A hidden token is asked for all hidden columns of its window, and for no other.

    Args:
        embedder: makes the tokens.
        encoder: has a state for each `masking.stride` of them.
        head: says the pixels.
        masking: what is hidden; None: nothing is, and the output is zero.
    """

    def __init__(
        self, embedder: VisualEmbedder, encoder: Encoder, head: PixelHead, masking: Masking | None
    ) -> None:
        super().__init__(embedder, encoder, head)
        self.masking = masking
        self.mask = nn.Parameter(torch.randn(embedder.dim) * 0.02)

    def forward(self, inputs: TokenBatch) -> Tensor:
        if self.masking is None:
            return torch.zeros(len(inputs), 2, device=self.mask.device)
        masked = self.masking.draw(inputs.num_tokens, training=self.training)
        errors_M = self.restore(inputs, masked).errors()
        counts = np.add.reduceat(masked.astype(np.int64), exclusive_sum(inputs.num_tokens))
        counts_B = to_device(counts, errors_M.device)
        sums_B = torch.segment_reduce(errors_M, "sum", lengths=counts_B, unsafe=True)
        return torch.stack([sums_B, counts_B.float()], dim=1)

    def forward_and_recognize(self, inputs: TokenBatch) -> tuple[Tensor, Ragged]:
        return self(inputs), self.recognize(inputs)

    def restore(self, inputs: TokenBatch, masked: np.ndarray) -> Reconstruction:
        """What the model says of the tokens that are hidden from it.

        Args:
            masked: bool [N], whole strides of the encoder, at least one token.
        """
        embedder, head = self.embedder, self.head
        assert isinstance(embedder, VisualEmbedder) and isinstance(head, PixelHead)
        hiding = embedder.mask(inputs, masked)
        x = embedder(hiding)
        masked_N = to_device(masked, x.values.device)
        values = torch.where(masked_N.unsqueeze(1), self.mask.to(x.values.dtype), x.values)
        said_MHW = head(self.encoder(x.with_values(values)), masked, inputs.num_tokens)
        index_M = to_device(np.flatnonzero(masked), x.values.device)
        return Reconstruction(
            embedder.render(inputs).index_select(0, index_M),
            embedder.hidden(hiding).index_select(0, index_M),
            said_MHW,
        )
