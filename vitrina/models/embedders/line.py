"""The line embedder: convolutions over the whole drawn line, then windows of their feature map.

With sliding windows, convolutions compute each column several times (32 px at a stride of 5 px: 6.4
times). Here a stem maps whitened patches of the line once and max-pools neighbors, residual
convolutions mix the positions of this map, and a token is a window of it. Windows have the same
size and stride in pixels as windows over pixels.

Shapes: N tokens in the batch, P positions of the map, H height, C channels of the map, K
components, D dimension, T columns of all lines.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.errors import InputError
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.whitening import Whitening, fit_whitening
from vitrina.models.embedders.config import LineConfig
from vitrina.models.embedders.drawn import draw_lines, tokenize_lines
from vitrina.models.embedders.windows import WindowsEmbedder
from vitrina.models.layers.convolution import RaggedConv
from vitrina.models.layers.dropout import Dropout
from vitrina.models.layers.ragged import Line, Ragged
from vitrina.models.token_batch import TokenBatch
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState

FIT_TEXTS = 2000
"""Maximum number of training texts for fitting the whitening."""


class PatchStem(nn.Module):
    """Overlapping patches of the line's full height, whitened, mapped linearly and max-pooled.

    The linear map starts as the identity. Pooling makes the features of a letter independent of its
    offset to the positions of the map. Whitening and linear map are one convolution.
    """

    def __init__(self, config: LineConfig, fitted: FittedState) -> None:
        super().__init__()
        self.config = config
        self.whitening = Whitening(fitted)
        self.linear = nn.Linear(self.whitening.num_components, config.channels)
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.folded: tuple[Tensor, Tensor] | None = None

    def kernel(self) -> tuple[Tensor, Tensor]:
        """Return the kernel [C, H, patch_px] and bias [C] of whitening and linear map."""
        whitening = self.whitening
        with torch.autocast(whitening.mean.device.type, enabled=False):
            map_CP = self.linear.weight @ whitening.projection.t()
            bias_C = self.linear.bias - map_CP @ whitening.mean
        return (map_CP / 255).unflatten(1, (self.config.patch_px, -1)).transpose(1, 2), bias_C

    def fold(self) -> None:
        """Fuse whitening and linear map into one fixed kernel; valid in eval mode only."""
        self.folded = self.kernel()

    def forward(self, columns_TH: Tensor, line_px: np.ndarray) -> Ragged:
        """Map columns, uint8 [T, H], of lines of the given widths to the feature map [P, C]."""
        config = self.config
        kernel_CHW, bias_C = self.folded or self.kernel()
        reach = config.patch_px + config.place_px
        line = Line.plan(line_px, reach, config.place_px, columns_TH.device)
        before = (config.patch_px - config.patch_stride_px) // 2
        columns_TH = columns_TH.to(kernel_CHW.dtype)
        return line.windows(columns_TH, kernel_CHW, bias_C, before=before, pool=config.pool)


def cut_patches(columns_TH: Tensor, line_px: np.ndarray, patch_px: int, stride_px: int) -> Ragged:
    """Cut a patch around every `stride_px` pixels of each line, blank beyond its ends.

    Returns:
        uint8 [P, patch_px, H], `ceil(width / stride_px)` patches of each line.
    """
    line = Line.plan(line_px, patch_px, stride_px, columns_TH.device)
    # A patch is centered on its stride.
    return line.cut(columns_TH, patch_px, before=(patch_px - stride_px) // 2)


def distinct_rows(rows: np.ndarray) -> np.ndarray:
    """Return `np.unique(rows, axis=0)`, much faster if few rows are distinct.

    >>> distinct_rows(np.array([[2, 1], [0, 3], [2, 1]], dtype=np.uint8)).tolist()
    [[0, 3], [2, 1]]

    Args:
        rows: uint8 [num_rows, width].
    """
    width, data = rows.shape[1], rows.tobytes()
    distinct = {data[start : start + width] for start in range(0, len(data), width)}
    return np.frombuffer(b"".join(sorted(distinct)), dtype=np.uint8).reshape(-1, width)


class LineEmbedder(WindowsEmbedder):
    """A stem, residual convolutions over its feature map, a linear map of each window."""

    def __init__(self, config: LineConfig, fitted: FittedState) -> None:
        super().__init__(config)
        self.config = config
        self.stem = PatchStem(config, fitted)
        self.radius = max(kernel // 2 for kernel in [1, *config.kernels])
        self.blocks = nn.ModuleList(
            RaggedConv(config.channels, config.channels, kernel) for kernel in config.kernels
        )
        self.window = config.window_px // config.place_px
        self.stride = config.stride_px // config.place_px
        self.bridge = nn.Conv1d(config.channels, config.dim, self.window)
        self.dropout = Dropout(config.dropout)

    @classmethod
    def fit(cls, config: LineConfig, corpus: Corpus) -> FittedState:
        """Fit the whitening on distinct patches of at most `FIT_TEXTS` clean training texts.

        Raises:
            InputError: if these contain fewer than two distinct patches.
        """
        renderer = GlyphRenderer(config.fonts, config.font_size_px, config.height_px)
        chosen = np.unique(np.linspace(0, len(corpus.clean) - 1, FIT_TEXTS).astype(np.int64))
        inputs = tokenize_lines(
            renderer, corpus.clean.take(chosen), config.window_px, config.stride_px
        )
        assert inputs.line_px is not None
        patches = cut_patches(
            draw_lines(inputs), inputs.line_px, config.patch_px, config.patch_stride_px
        )
        pixels = distinct_rows(patches.values.flatten(1).numpy())
        if len(pixels) < 2:
            raise InputError("the training texts contain fewer than two distinct patches")
        return fit_whitening(pixels / np.float32(255), config.num_components, config.shrinkage)

    def forward(self, inputs: TokenBatch) -> Ragged:
        assert inputs.line_px is not None
        x = self.stem(draw_lines(inputs), inputs.line_px)
        device = x.values.device
        line = Line.plan(x.lengths, self.radius, 1, device)
        for block in self.blocks:
            x = x.with_values(x.values + block(x.values, line))
        reach = self.window + self.stride
        line = Line.plan(x.lengths, reach, self.stride, device, inputs.num_tokens)
        windows = line.windows(x.values, self.bridge.weight, self.bridge.bias)
        return windows.with_values(self.dropout(windows.values))
