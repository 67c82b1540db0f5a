"""The head that predicts the pixels of masked tokens.

Shapes: N tokens, M masked tokens, S hidden states that cover these, H/W pixels of a token, D
dimension.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from vitrina.models.layers.ragged import Ragged, exclusive_sum, to_device
from vitrina.text.batch import ranges


class PixelHead(nn.Module):
    """One linear layer from a hidden state to the pixels of all tokens that it covers.

    A single layer is as good as a deeper one (SimMIM, Xie et al. 2022, section 4.1.3), and makes
    the encoder learn, which is the part that is kept.

    Args:
        in_dim: dimension D of a hidden state.
        token_px: height H and width W of the image of a token.
        stride: tokens that a hidden state covers.
    """

    def __init__(self, in_dim: int, token_px: tuple[int, int], stride: int) -> None:
        super().__init__()
        self.token_px, self.stride = token_px, stride
        self.linear = nn.Linear(in_dim, stride * token_px[0] * token_px[1])
        nn.init.zeros_(self.linear.weight)  # start by predicting the mean
        nn.init.zeros_(self.linear.bias)

    def forward(self, states: Ragged, masked: np.ndarray, num_tokens: np.ndarray) -> Tensor:
        """Return the pixels of the masked tokens, float32 [M, H, W].

        Args:
            states: hidden states [N', D].
            masked: bool [N].
            num_tokens: int64 [B], tokens of each text.
        """
        place = ranges(np.zeros_like(num_tokens), num_tokens)
        first = np.repeat(exclusive_sum(states.lengths), num_tokens)
        state_M = (first + place // self.stride)[masked]
        covering_S, which = np.unique(state_M, return_inverse=True)
        row_M = which * self.stride + (place % self.stride)[masked]
        device = states.values.device
        states_SD = states.values.index_select(0, to_device(covering_S, device))
        pixels = self.linear(states_SD).unflatten(1, (self.stride, *self.token_px)).flatten(0, 1)
        return pixels.index_select(0, to_device(row_M, device)).float()
