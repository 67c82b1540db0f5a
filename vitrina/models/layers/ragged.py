"""Ragged tensors: values and lengths, without padding.

The score of a text must not depend on its batch, so nothing here computes on padding. Convolutions
run over the whole batch as one line with zero gaps between the texts (`Line`). Only attention pads
and masks (`pad`).

Shapes: N tokens in the batch, B texts, L padded length, T positions on the line, C/D channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

PAD_MULTIPLE = 32
"""Padded lengths are multiples of this number, so that few shapes occur."""


@dataclass(frozen=True)
class Ragged:
    """Values of texts of different lengths, concatenated.

    Attributes:
        values: [N, …], on any device.
        lengths: int64 numpy [B]; `N = lengths.sum()`, each at least 1. On the host, so that shapes
            are known without waiting for the device.
    """

    values: Tensor
    lengths: np.ndarray

    @property
    def num_texts(self) -> int:
        return len(self.lengths)

    def with_values(self, values: Tensor) -> Ragged:
        assert len(values) == len(self.values)
        return Ragged(values, self.lengths)


def to_device(array: np.ndarray, device: torch.device) -> Tensor:
    """Return a numpy array on `device`, without waiting for the copy."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def exclusive_sum(lengths: np.ndarray) -> np.ndarray:
    """Return the start of each text in the values, int64 [B].

    >>> exclusive_sum(np.array([2, 3, 1])).tolist()
    [0, 2, 5]
    """
    return np.cumsum(lengths) - lengths


def round_up(size: int) -> int:
    """Round `size` up to one of few values: 64, or at most 1/8 more.

    Every new shape costs a CPU a compiled primitive and a GPU an autotuning run.

    >>> round_up(1000), round_up(1025)
    (1024, 1152)
    """
    if size <= 64:
        return 64
    step = 1 << ((size - 1).bit_length() - 4)  # 8 steps for each power of two
    return -(-size // step) * step


@dataclass(frozen=True)
class Line:
    """Positions of a ragged batch on one line with zero gaps between the texts.

    Each text starts at a multiple of `stride`, so that pooling does not depend on preceding texts.
    The gaps are at least `radius` wide, so that no kernel of this radius sees two texts.

    Attributes:
        places: int64 [N], position of each token.
        size: number of positions T, rounded up to few values; a multiple of `stride`.
        stride: positions that are pooled to one.
        pooled_places: int64 [N'], positions of the pooled tokens on the line of T / stride.
        pooled_lengths: int64 numpy [B], pooled tokens of each text.
    """

    places: Tensor
    size: int
    stride: int
    pooled_places: Tensor
    pooled_lengths: np.ndarray

    @classmethod
    def plan(
        cls,
        lengths: np.ndarray,
        radius: int,
        stride: int,
        device: torch.device,
        pooled_lengths: np.ndarray | None = None,
    ) -> Line:
        """Plan the positions of texts of the given lengths (int64 numpy [B]).

        `pooled_lengths` are `ceil(length / stride)` by default, and at most.
        """
        extents = -(-(lengths + radius) // stride) * stride  # of each text and the gap after it
        starts = exclusive_sum(extents) + -(-radius // stride) * stride
        size = round_up(-(-int(starts[-1] + extents[-1]) // stride)) * stride
        if pooled_lengths is None:
            pooled_lengths = -(-lengths // stride)
        return cls(
            to_device(_places(starts, lengths), device),
            size,
            stride,
            to_device(_places(starts // stride, pooled_lengths), device),
            pooled_lengths,
        )

    def place(self, x_N: Tensor) -> Tensor:
        """Place token values [N, …] on the line [T, …], with zeros between the texts."""
        line_T = x_N.new_zeros(self.size, *x_N.shape[1:])
        return line_T.index_copy(0, self.places, x_N)

    def convolve(self, x_NC: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Convolve each text in 1-D, with zeros around it.

        Args:
            x_NC: token values [N, C].
            weight: [D, C, K], K odd.
            bias: [D].

        Returns:
            [N, D].
        """
        out_TD = self._convolve(self.place(x_NC), weight, bias, 1, weight.shape[2] // 2)
        return out_TD.index_select(0, self.places)

    def cut(self, x_N: Tensor, size: int, before: int = 0) -> Ragged:
        """Cut windows of `size` tokens, one every `stride` tokens, without a gradient.

        A window that overhangs its text has zeros there; `radius` must be at least `size`.

        Args:
            x_N: token values [N, …].
            before: tokens by which a window starts before its multiple of `stride`.

        Returns:
            [N', size, …], ragged by `pooled_lengths`.
        """
        line_T = self.place(x_N.flatten(1))
        if before:
            line_T = torch.cat([line_T.new_zeros(before, line_T.shape[1]), line_T])
        width = line_T.shape[1]
        # Overlapping rows make each window contiguous, which is the fastest to copy.
        overlapping = line_T.as_strided(
            ((len(line_T) - size) // self.stride + 1, size * width), (self.stride * width, 1)
        )
        windows = overlapping.index_select(0, self.pooled_places)
        return Ragged(windows.view(-1, size, *x_N.shape[1:]), self.pooled_lengths)

    def windows(
        self,
        x_NC: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        before: int = 0,
        pool: int = 1,
    ) -> Ragged:
        """Map windows of K tokens linearly, then max-pool every `pool` neighbors.

        There is a window every `stride / pool` tokens. A window that overhangs its text has zeros
        there; `radius` must be at least `K + stride`.

        Args:
            x_NC: token values [N, C].
            weight: [D, C, K].
            bias: [D].
            before: tokens by which a window starts before its multiple of `stride / pool`.

        Returns:
            [N', D], ragged by `pooled_lengths`.
        """
        step = self.stride // pool
        out_TD = self._convolve(self.place(x_NC), weight, bias, step, before)
        if pool > 1:
            whole = out_TD[: len(out_TD) // pool * pool].unflatten(0, (-1, pool))
            out_TD = reduce(_maximum, whole.unbind(dim=1))
        return Ragged(out_TD.index_select(0, self.pooled_places), self.pooled_lengths)

    def _convolve(
        self, line_TC: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int
    ) -> Tensor:
        # As an image with one row in the channels-last layout, which [T, C] already is: neither
        # input nor output has to be transposed.
        line_1C1T = line_TC.unflatten(0, (1, 1, self.size)).permute(0, 3, 1, 2)
        kernel = weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        out_1D1T = F.conv2d(line_1C1T, kernel, bias, stride=(1, stride), padding=(0, padding))
        return out_1D1T.permute(0, 2, 3, 1).flatten(0, 2)

    def pool_max(self, x_NC: Tensor) -> Ragged:
        """Max-pool every `stride` tokens of each text; the last group may be smaller."""
        line_TC = x_NC.new_full((self.size, x_NC.shape[1]), float("-inf"))
        line_TC = line_TC.index_copy(0, self.places, x_NC)
        pooled_TC = reduce(_maximum, line_TC.unflatten(0, (-1, self.stride)).unbind(dim=1))
        return Ragged(pooled_TC.index_select(0, self.pooled_places), self.pooled_lengths)


class _Maximum(torch.autograd.Function):
    """Maximum of two tensors; on ties the gradient goes to the first.

    torch's `maximum` splits it on ties, at several times the cost.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a >= b)
        return torch.maximum(a, b)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        (first,) = ctx.saved_tensors
        gradient_a = gradients[0] * first
        return gradient_a, gradients[0] - gradient_a


def _maximum(a: Tensor, b: Tensor) -> Tensor:
    larger = _Maximum.apply(a, b)
    assert isinstance(larger, Tensor)
    return larger


def _places(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.arange(int(lengths.sum())) + np.repeat(starts - exclusive_sum(lengths), lengths)


def pad(x: Ragged, most: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Pad texts for attention to a multiple of `PAD_MULTIPLE`.

    Args:
        most: maximum padded length; no text may be longer.

    Returns:
        Values [B, L, …] with zeros after each text, mask bool [B, L] (True: a token), and the
        indices int64 [N] of the tokens in the flattened [B * L], to gather them again.
    """
    longest = int(x.lengths.max())
    length = -(-longest // PAD_MULTIPLE) * PAD_MULTIPLE
    if most is not None:
        assert longest <= most
        length = min(length, most)
    starts = np.arange(x.num_texts, dtype=np.int64) * length
    index_N = to_device(_places(starts, x.lengths), x.values.device)
    flat = x.values.new_zeros(x.num_texts * length, *x.values.shape[1:])
    padded = flat.index_copy(0, index_N, x.values).unflatten(0, (x.num_texts, length))
    mask = torch.zeros(x.num_texts * length, dtype=torch.bool, device=x.values.device)
    mask[index_N] = True
    return padded, mask.unflatten(0, (x.num_texts, length)), index_N


def pool_mean(x: Ragged) -> Tensor:
    """Return the mean over the tokens of each text: [N, D] → float32 [B, D]."""
    return _pool(x, "mean")


def pool_max_mean(x: Ragged) -> Tensor:
    """Return maximum and mean over the tokens of each text: [N, D] → float32 [B, 2 D]."""
    x = x.with_values(x.values.float())  # converted once for both
    return torch.cat([_pool(x, "max"), _pool(x, "mean")], dim=1)


def _pool(x: Ragged, how: str) -> Tensor:
    lengths_B = to_device(x.lengths.astype(np.int64, copy=False), x.values.device)
    values = x.values.float()  # bf16 is too coarse for a mean over many tokens
    return torch.segment_reduce(values, how, lengths=lengths_B, unsafe=True)
