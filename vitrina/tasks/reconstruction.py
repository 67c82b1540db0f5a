"""Image of masked tokens: texts as drawn, masked and reconstructed.

Shapes: N tokens of a text, H/W pixels of a token, L columns of a text's line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from vitrina.files import replacement
from vitrina.glyphs.fonts import default_font
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.masked_model import MaskedModel
from vitrina.models.prepare import TextPipeline
from vitrina.text.batch import TextBatch

NUM_TEXTS = 8
"""Maximum number of texts in an image."""

MAX_LENGTH = 60
"""Code points of a text that are drawn, so that the image fits on a page."""

SCALE = 2
"""Screen pixels for each pixel of the model."""

CAPTIONS = ("drawn", "masked", "reconstructed")
GREY, LIGHT = (120, 120, 120), 205


@dataclass(frozen=True)
class ReconstructedLine:
    """One text, its tokens next to each other (windows at their positions in the line).

    Attributes:
        drawn: uint8 [H, L], 255 is ink.
        masked: bool [L].
        reconstructed: uint8 [H, L], the prediction in masked columns, else as drawn.
    """

    drawn: np.ndarray
    masked: np.ndarray
    reconstructed: np.ndarray

    def rows(self) -> list[np.ndarray]:
        """Return a uint8 image [H, L] for each caption, 255 is paper."""
        covered = np.where(self.masked, np.uint8(LIGHT), 255 - self.drawn)
        return [255 - self.drawn, covered, 255 - self.reconstructed]


def reconstruct(model: MaskedModel, pipeline: TextPipeline, text: str) -> ReconstructedLine:
    """Mask a text as in evaluation, and reconstruct it.

    Masked tokens get their true brightness and contrast, as in the figures of masked autoencoders,
    since the model does not predict them. Overlapping masked windows are averaged.
    """
    embedder, masking = model.embedder, model.masking
    assert isinstance(embedder, VisualEmbedder) and masking is not None
    inputs = pipeline.tokenize(TextBatch.from_strings([text])).to(model.device)
    masked = masking.draw(inputs.num_tokens, training=False)
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        found = model.restore(inputs, masked)
        shown_NHW = embedder.render(inputs).cpu().numpy()
    model.train(was_training)
    hidden_MW = found.hidden.cpu().numpy()
    every = np.ones((len(shown_NHW), shown_NHW.shape[2]), dtype=bool)
    drawn, _ = _place_tokens(shown_NHW, every, np.arange(len(shown_NHW)), embedder.step_px)
    predicted, columns_L = _place_tokens(
        found.pixels().cpu().numpy(), hidden_MW, np.flatnonzero(masked), embedder.step_px
    )
    width = drawn.shape[1] if inputs.line_px is None else int(inputs.line_px[0])
    padding = drawn.shape[1] - len(columns_L)
    predicted = np.pad(predicted, ((0, 0), (0, padding)))[:, :width]
    columns_L = np.pad(columns_L, (0, padding))[:width]
    drawn = drawn[:, :width]
    return ReconstructedLine(drawn, columns_L, np.where(columns_L, predicted, drawn))


def _place_tokens(
    pixels_NHW: np.ndarray, counts_NW: np.ndarray, tokens: np.ndarray, step_px: int
) -> tuple[np.ndarray, np.ndarray]:
    """Place tokens `step_px` apart, averaging the columns with `counts_NW` where they overlap.

    Returns:
        uint8 [H, L], and bool [L], columns with at least one counted token column.
    """
    _, height, width = pixels_NHW.shape
    total = int(tokens[-1]) * step_px + width
    sums, counts = np.zeros((height, total)), np.zeros(total)
    for pixels, count, token in zip(pixels_NHW, counts_NW, tokens.tolist(), strict=True):
        here = slice(token * step_px, token * step_px + width)
        sums[:, here] += pixels * count
        counts[here] += count
    return np.rint(sums / np.maximum(counts, 1)).astype(np.uint8), counts > 0


def draw_reconstruction(
    model: MaskedModel, pipeline: TextPipeline, texts: TextBatch, path: Path
) -> Path:
    """Draw up to `NUM_TEXTS` texts, also masked and reconstructed; return the path of the PNG."""
    known = np.flatnonzero(texts.lengths > 0)
    known = known if len(known) else np.arange(len(texts))
    chosen = known[np.unique(np.linspace(0, len(known) - 1, NUM_TEXTS).astype(np.int64))]
    lines = [reconstruct(model, pipeline, text[:MAX_LENGTH]) for text in texts.take(chosen)]
    with replacement(path) as temporary:
        _sheet(lines).save(temporary, format="PNG")
    return path


def _sheet(lines: Sequence[ReconstructedLine]) -> Image.Image:
    face = ImageFont.truetype(str(default_font()), 6 * SCALE, layout_engine=ImageFont.Layout.BASIC)
    left = round(max(face.getlength(caption) for caption in CAPTIONS)) + 8 * SCALE
    height, width = lines[0].drawn.shape[0] * SCALE, max(line.drawn.shape[1] for line in lines)
    row_px = len(CAPTIONS) * (height + SCALE) + 4 * SCALE
    sheet = Image.new("RGB", (left + (width + 4) * SCALE, len(lines) * row_px), "white")
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        top = number * row_px + 2 * SCALE
        for caption, row in zip(CAPTIONS, line.rows(), strict=True):
            enlarged = (row.shape[1] * SCALE, height)
            picture = Image.fromarray(row).resize(enlarged, Image.Resampling.NEAREST)
            sheet.paste(picture, (left, top))
            draw.text((2 * SCALE, top + height / 2), caption, fill=GREY, font=face, anchor="lm")
            top += height + SCALE
        bottom = (number + 1) * row_px - 1
        draw.line([(0, bottom), (sheet.width, bottom)], fill=(225, 225, 225))
    return sheet
