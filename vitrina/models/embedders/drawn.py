"""Drawn lines for embedders: tokenized on the host, drawn on the device.

The host sends glyph ids and a strip of the batch's distinct glyphs. The device draws all lines of
the batch by gathering columns of the strip.

Shapes: H height, T columns of all lines together.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import glyph_spans, segment
from vitrina.models.layers.ragged import Line, exclusive_sum, to_device
from vitrina.models.token_batch import TokenBatch
from vitrina.text.batch import TextBatch, offsets_of, ranges

HIDDEN = "hidden"
"""Name of the table of hidden columns, bool [T]."""


def count_slices(line_px: np.ndarray, window_px: int, stride_px: int) -> np.ndarray:
    """Return the number of windows that cover each line, int64, at least 1; the last may overhang.

    >>> count_slices(np.array([1, 32, 33]), window_px=32, stride_px=5).tolist()
    [1, 1, 2]
    """
    return 1 + np.maximum(0, -(-(line_px - window_px) // stride_px))


def tokenize_lines(
    renderer: GlyphRenderer, texts: TextBatch, window_px: int, stride_px: int
) -> TokenBatch:
    """Tokenize lines into windows; return glyph ids and pictures of the distinct glyphs."""
    tokens = segment(texts)
    columns_TH, widths = renderer.strip(tokens.clusters)
    line_px = np.add.reduceat(widths[tokens.ids], exclusive_sum(tokens.lengths))
    return TokenBatch(
        torch.from_numpy(tokens.ids),
        tokens.lengths,
        count_slices(line_px, window_px, stride_px),
        {"columns": torch.from_numpy(columns_TH), "widths": torch.from_numpy(widths)},
        line_px,
    )


def window_spans(
    renderer: GlyphRenderer, texts: TextBatch, window_px: int, stride_px: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the code points of glyphs that each window shows in part, as `Tokenizer.spans`."""
    tokens = segment(texts)
    _, widths = renderer.strip(tokens.clusters)
    glyph_starts, glyph_ends = glyph_spans(texts)
    first_glyph = exclusive_sum(tokens.lengths)
    right_px = np.cumsum(widths[tokens.ids])  # of all lines one after the other
    line_px = np.add.reduceat(widths[tokens.ids], first_glyph)
    counts = count_slices(line_px, window_px, stride_px)
    text_of = np.repeat(np.arange(len(texts)), counts)
    left = exclusive_sum(line_px)[text_of] + ranges(np.zeros_like(counts), counts) * stride_px
    last_glyph = offsets_of(tokens.lengths)[1:][text_of] - 1
    first = np.searchsorted(right_px, left, side="right").clip(max=last_glyph)
    last = np.searchsorted(right_px, left + window_px - 1, side="right").clip(max=last_glyph)
    return glyph_starts[first], glyph_ends[np.maximum(first, last)]


def hide_columns(inputs: TokenBatch, masked: np.ndarray, stride_px: int) -> TokenBatch:
    """Return the same lines with the masked tokens' own columns blank.

    As windows overlap, a token's own columns are those from the start of its window to the start of
    the next one (`stride_px`), or to the end of the line for the last token. They are blanked
    before windows are cut, so that no window shows them.

    Args:
        masked: bool [N].
    """
    assert inputs.line_px is not None
    last = np.cumsum(inputs.num_tokens) - 1
    own_px = np.full(len(masked), stride_px, dtype=np.int64)
    own_px[last] = inputs.line_px - (inputs.num_tokens - 1) * stride_px
    hidden_T = to_device(np.repeat(masked, own_px), inputs.tables["columns"].device)
    return replace(inputs, tables={**inputs.tables, HIDDEN: hidden_T})


def cut_windows(columns_T: Tensor, inputs: TokenBatch, window_px: int, stride_px: int) -> Tensor:
    """Cut the windows of the lines of `inputs` out of their columns.

    Args:
        columns_T: values of the columns, [T, …].

    Returns:
        [N, window_px, …], zeros where a window overhangs its line.
    """
    assert inputs.line_px is not None
    device = columns_T.device
    line = Line.plan(inputs.line_px, window_px, stride_px, device, inputs.num_tokens)
    return line.cut(columns_T, window_px).values


def draw_lines(inputs: TokenBatch) -> Tensor:
    """Draw the columns of all lines, concatenated, uint8 [T, H], `T = line_px.sum()`.

    Columns that `hide_columns` hid are blank.
    """
    assert inputs.line_px is not None
    columns_TH, widths = inputs.tables["columns"], inputs.tables["widths"]
    device, total = columns_TH.device, int(inputs.line_px.sum())
    # Index in the strip of each column of the lines.
    id_widths = widths[inputs.ids]
    glyph_starts = (widths.cumsum(0) - widths)[inputs.ids]
    shift = glyph_starts - (id_widths.cumsum(0) - id_widths)
    column = torch.repeat_interleave(shift, id_widths, output_size=total)
    drawn_TH = columns_TH.index_select(0, column + torch.arange(total, device=device))
    if HIDDEN in inputs.tables:
        drawn_TH = drawn_TH.masked_fill(inputs.tables[HIDDEN].unsqueeze(1), 0)
    return drawn_TH
