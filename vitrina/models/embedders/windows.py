"""Base classes of embedders whose tokens are windows over the drawn line.

Shapes: N windows in the batch, H height, W window, T columns of all lines.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.embedders.config import LineConfig, SlicesConfig
from vitrina.models.embedders.drawn import (
    HIDDEN,
    cut_windows,
    draw_lines,
    hide_columns,
    tokenize_lines,
    window_spans,
)
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import VisualTokenizer
from vitrina.text.batch import TextBatch


class WindowsTokenizer(VisualTokenizer):
    """Makes a token of each window of the drawn line."""

    def __init__(self, config: SlicesConfig | LineConfig) -> None:
        self.renderer = GlyphRenderer(config.fonts, config.font_size_px, config.height_px)
        self.window_px, self.stride_px = config.window_px, config.stride_px

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        return tokenize_lines(self.renderer, texts, self.window_px, self.stride_px)

    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
        return window_spans(self.renderer, texts, self.window_px, self.stride_px)


class WindowsEmbedder(VisualEmbedder):
    """Draws each text as a line; each token shows a window of it."""

    def __init__(self, config: SlicesConfig | LineConfig) -> None:
        super().__init__()
        self.dim = config.dim
        self.tokenizer = WindowsTokenizer(config)
        self.window_px, self.stride_px = config.window_px, config.stride_px
        self.token_px, self.step_px = (config.height_px, config.window_px), config.stride_px

    def render(self, inputs: TokenBatch) -> Tensor:
        return self._cut(draw_lines(inputs), inputs).transpose(1, 2)

    def mask(self, inputs: TokenBatch, masked: np.ndarray) -> TokenBatch:
        return hide_columns(inputs, masked, self.stride_px)

    def hidden(self, inputs: TokenBatch) -> Tensor:
        columns_T1 = inputs.tables[HIDDEN].unsqueeze(1).to(torch.uint8)
        return self._cut(columns_T1, inputs).squeeze(2).bool()

    def _cut(self, columns_T: Tensor, inputs: TokenBatch) -> Tensor:
        return cut_windows(columns_T, inputs, self.window_px, self.stride_px)
