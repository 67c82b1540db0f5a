"""Heads that classify texts or words."""

from __future__ import annotations

from torch import Tensor, nn

from vitrina.models.layers.dropout import Dropout
from vitrina.models.layers.ragged import Ragged, pool_max_mean


class ClassificationHead(nn.Module):
    """Maximum and mean over the tokens, dropout, one linear layer.

    Args:
        in_dim: dimension D of a hidden state.
        num_classes: number of classes.
        dropout: probability that a pooled entry is dropped in training.
    """

    def __init__(self, in_dim: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.linear = nn.Linear(2 * in_dim, num_classes)

    def forward(self, states: Ragged) -> Tensor:
        """Map hidden states [N, D] of B texts to logits [B, num_classes], float32."""
        return self.linear(self.dropout(pool_max_mean(states))).float()


class WordHead(nn.Module):
    """Dropout, then one linear layer over the hidden state of each word.

    Args:
        in_dim: dimension D of a hidden state.
        num_classes: number of classes.
        dropout: probability that an entry of a state is dropped in training.
    """

    def __init__(self, in_dim: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.linear = nn.Linear(in_dim, num_classes)

    def forward(self, states: Ragged) -> Tensor:
        """Map hidden states [W, D] of words to logits [W, num_classes], float32."""
        return self.linear(self.dropout(states.values)).float()
