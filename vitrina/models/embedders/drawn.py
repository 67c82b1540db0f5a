"""The drawn line, for all embedders that read one: encoded on the host, drawn on the device.

The host moves glyph ids and a strip of the batch's distinct glyphs; the device draws all lines of
the batch by gathering the strip's columns.

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
"""Name of the table that tells which columns of the lines are hidden, bool [T]."""


def count_slices(line_px: np.ndarray, window_px: int, stride_px: int) -> np.ndarray:
    """Windows that cover lines of the given widths: int64, at least 1; the last may overhang."""
    return 1 + np.maximum(0, -(-(line_px - window_px) // stride_px))


def tokenize_lines(
    renderer: GlyphRenderer, texts: TextBatch, window_px: int, stride_px: int
) -> TokenBatch:
    """Glyph ids and the strip they refer to; each window is a token."""
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
    """The code points of the glyphs that each window shows a part of, see `Embedder.spans`."""
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
    """The same lines, blank in all columns that are a masked token's own.

    Windows overlap; a token's own are the columns in which its window begins and the next one's has
    not begun: `stride_px` of them, and for the last token all to the end of the line. As they are
    blank before windows are cut, no window shows them.

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
    """The windows of lines of the widths of `inputs`, from values of their columns.

    Args:
        columns_T: [T, …].

    Returns:
        [N, window_px, …], zeros where a window overhangs its line.
    """
    assert inputs.line_px is not None
    device = columns_T.device
    line = Line.plan(inputs.line_px, window_px, stride_px, device, inputs.num_tokens)
    return line.cut(columns_T, window_px).values


def draw_lines(inputs: TokenBatch) -> Tensor:
    """The columns of all lines, one after the other: uint8 [T, H], `T = line_px.sum()`.

    Those that `hide_columns` hid are blank.
    """
    assert inputs.line_px is not None
    columns_TH, widths = inputs.tables["columns"], inputs.tables["widths"]
    device, total = columns_TH.device, int(inputs.line_px.sum())
    # Each column of the whole line: which glyph, and which column of that glyph.
    id_widths = widths[inputs.ids]
    glyph_starts = (widths.cumsum(0) - widths)[inputs.ids]
    shift = glyph_starts - (id_widths.cumsum(0) - id_widths)
    column = torch.repeat_interleave(shift, id_widths, output_size=total)
    drawn_TH = columns_TH.index_select(0, column + torch.arange(total, device=device))
    if HIDDEN in inputs.tables:
        drawn_TH = drawn_TH.masked_fill(inputs.tables[HIDDEN].unsqueeze(1), 0)
    return drawn_TH
