"""A pre-norm Transformer encoder over ragged tokens (Vaswani et al. 2017).

Only attention pads, and masks the padding. Positions are sinusoidal, so that lengths are unlimited.

Shapes: N tokens, B texts, L padded length, H heads, K dimension of a head, D dimension.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.models.encoders.base import Encoder
from vitrina.models.encoders.config import TransformerConfig
from vitrina.models.layers.dropout import Dropout
from vitrina.models.layers.ragged import Ragged, exclusive_sum, pad, to_device


def sinusoids(positions_N: Tensor, dim: int) -> Tensor:
    """Return sinusoidal encodings [N, D] of positions (Vaswani et al. 2017, section 3.5)."""
    half = dim // 2
    steps = torch.arange(half, device=positions_N.device) / half
    angles = positions_N[:, None].float() * torch.exp(-math.log(10_000.0) * steps)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def attend(q_BHLK: Tensor, k_BHLK: Tensor, v_BHLK: Tensor, mask_BL: Tensor) -> Tensor:
    """Return scaled dot-product attention [B, H, L, K]; keys where `mask` is False are ignored.

    CPUs use plain products: in bf16 torch's fused form takes two to four times as long there.
    """
    if q_BHLK.is_cuda:
        mask = mask_BL[:, None, None, :]
        return F.scaled_dot_product_attention(q_BHLK, k_BHLK, v_BHLK, attn_mask=mask)
    with torch.autocast("cpu", enabled=False):  # autocast computes the softmax in fp32
        bias_BL = torch.zeros(mask_BL.shape, dtype=q_BHLK.dtype).masked_fill_(~mask_BL, -math.inf)
        scores = (q_BHLK * q_BHLK.shape[3] ** -0.5) @ k_BHLK.transpose(2, 3)
        return (scores + bias_BL[:, None, None, :]).softmax(dim=3) @ v_BHLK


class Attention(nn.Module):
    """Multi-head self-attention within each text."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.project_in = nn.Linear(dim, 3 * dim)
        self.project_out = nn.Linear(dim, dim)

    def forward(self, x: Ragged) -> Tensor:
        qkv_N = self.project_in(x.values)
        qkv_BL, mask_BL, index_N = pad(x.with_values(qkv_N))
        q, k, v = (
            part.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for part in qkv_BL.chunk(3, dim=2)
        )  # each [B, H, L, K]
        out_BHLK = attend(q, k, v, mask_BL)
        out_ND = out_BHLK.transpose(1, 2).flatten(2).flatten(0, 1).index_select(0, index_N)
        return self.project_out(out_ND)


class Layer(nn.Module):
    """Attention, then a feed-forward network, each with a residual connection."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.dim)
        self.attention = Attention(config.dim, config.num_heads)
        self.network_norm = nn.LayerNorm(config.dim)
        self.network = nn.Sequential(
            nn.Linear(config.dim, config.mlp_dim),
            nn.GELU(),
            nn.Linear(config.mlp_dim, config.dim),
        )
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Ragged) -> Ragged:
        attended = self.attention(x.with_values(self.attention_norm(x.values)))
        values = x.values + self.dropout(attended)
        return x.with_values(values + self.dropout(self.network(self.network_norm(values))))


class TransformerEncoder(Encoder):
    """Position encodings, layers, a final normalization.

    Args:
        config: settings of the encoder.
        in_dim: dimension of the token embeddings, mapped linearly if it is not `config.dim`.
    """

    def __init__(self, config: TransformerConfig, in_dim: int) -> None:
        super().__init__()
        self.dim = config.dim
        same = in_dim == config.dim
        self.project = nn.Identity() if same else nn.Linear(in_dim, config.dim)
        self.entrance_norm = nn.LayerNorm(config.dim)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, x: Ragged) -> Ragged:
        positions = np.arange(x.lengths.sum()) - np.repeat(exclusive_sum(x.lengths), x.lengths)
        position_ND = sinusoids(to_device(positions, x.values.device), self.dim)
        values = self.entrance_norm(self.project(x.values))
        states = x.with_values(values + position_ND.to(values.dtype))
        for layer in self.layers:
            states = layer(states)
        return states.with_values(self.norm(states.values))
