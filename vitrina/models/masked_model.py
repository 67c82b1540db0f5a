"""A model that restores the pixels of masked tokens.

Spans of tokens are replaced by a learned embedding, as in BERT (Devlin et al. 2019). Their pixels
are predicted, as in masked autoencoders (He et al. 2022) and PIXEL (Rust et al. 2023).

Shapes: B texts, N tokens, M masked tokens, H/W pixels of a token, D dimension.
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
"""Added to the variance of masked pixels, as in masked autoencoders: they may all be blank."""


@dataclass(frozen=True)
class Reconstruction:
    """True and predicted pixels of masked tokens.

    Attributes:
        shown: true pixels, uint8 [M, H, W], 255 is ink.
        hidden: masked columns, bool [M, W]; only these count.
        predicted: float32 [M, H, W], standardized by `scales`.
    """

    shown: Tensor
    hidden: Tensor
    predicted: Tensor

    def scales(self) -> tuple[Tensor, Tensor]:
        """Return mean and deviation of a token's masked ink (0 to 1), float32 [M, 1, 1] each."""
        ink, weight, count = self._weighted()
        mean = (ink * weight).sum((1, 2), keepdim=True) / count
        variance = ((ink - mean).square() * weight).sum((1, 2), keepdim=True) / count
        return mean, (variance + EPSILON).sqrt()

    def errors(self) -> Tensor:
        """Return the mean squared error of the masked pixels of each token, float32 [M].

        Pixels are standardized for each token (He et al. 2022, section 4.1), so that contrast
        counts and not the amount of ink.
        """
        ink, weight, count = self._weighted()
        mean, deviation = self.scales()
        squares = (self.predicted - (ink - mean) / deviation).square() * weight
        return squares.sum((1, 2)) / count.flatten()

    def pixels(self) -> Tensor:
        """Return predicted pixels, uint8 [M, H, W], scaled by the true mean and deviation."""
        mean, deviation = self.scales()
        return ((self.predicted * deviation + mean).clamp(0, 1) * 255).round().to(torch.uint8)

    def _weighted(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return ink [M, H, W], column weights [M, 1, W] and the masked pixel count [M, 1, 1]."""
        weight = self.hidden.float().unsqueeze(1)
        count = weight.sum(2, keepdim=True) * self.shown.shape[1]
        return self.shown.float() / 255, weight, count.clamp(min=1)


class MaskedModel(Model):
    """Masks spans of tokens and computes the errors of their restored pixels.

    The output is float32 [B, 2]: the sum of the errors (`Reconstruction.errors`) of a text's masked
    tokens, and their number. `recognize` gets the unmasked text.

    A token's own pixels are masked: its glyph, or the columns from the start of its window to the
    start of the next one. They are blanked before windows are cut, so that no overlapping window
    shows them. A masked token predicts all masked columns of its window, and only these.

    Args:
        embedder: makes the tokens.
        encoder: makes one hidden state of `masking.stride` tokens.
        head: predicts the pixels.
        masking: chooses the masked tokens; None: no token is masked, and the output is zero.
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
        """Predict the pixels of the masked tokens.

        Args:
            masked: bool [N], at least one token; the encoder's strides are masked as a whole.
        """
        embedder, head = self.embedder, self.head
        assert isinstance(embedder, VisualEmbedder) and isinstance(head, PixelHead)
        masked_inputs = embedder.mask(inputs, masked)
        x = embedder(masked_inputs)
        masked_N = to_device(masked, x.values.device)
        values = torch.where(masked_N.unsqueeze(1), self.mask.to(x.values.dtype), x.values)
        predicted_MHW = head(self.encoder(x.with_values(values)), masked, inputs.num_tokens)
        index_M = to_device(np.flatnonzero(masked), x.values.device)
        return Reconstruction(
            embedder.render(inputs).index_select(0, index_M),
            embedder.hidden(masked_inputs).index_select(0, index_M),
            predicted_MHW,
        )
