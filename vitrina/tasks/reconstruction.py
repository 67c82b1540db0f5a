"""A picture of hidden tokens: texts as they are drawn, what is hidden of them, what is restored.

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
"""Texts in a picture, at most."""

LONGEST = 60
"""Code points of a text that are drawn, so that the picture fits on a page."""

SCALE = 2
"""Screen pixels for each pixel of the model."""

CAPTIONS = ("drawn", "hidden", "restored")
GREY, LIGHT = (120, 120, 120), 205


@dataclass(frozen=True)
class RestoredLine:
    """One text, its tokens side by side (windows where they stand in the line).

    Attributes:
        drawn: uint8 [H, L], 255 is ink. hidden: bool [L].
        restored: uint8 [H, L], what the model says where something is hidden, else as drawn.
    """

    drawn: np.ndarray
    hidden: np.ndarray
    restored: np.ndarray

    def rows(self) -> list[np.ndarray]:
        """What is shown of it, uint8 [H, L] each, 255 is paper: one row for each caption."""
        covered = np.where(self.hidden, np.uint8(LIGHT), 255 - self.drawn)
        return [255 - self.drawn, covered, 255 - self.restored]


def restored_line(model: MaskedModel, pipeline: TextPipeline, text: str) -> RestoredLine:
    """What is hidden of a text in a test, and what the model restores of it.

    Brightness and contrast of each hidden token are the true ones, as in the pictures of masked
    autoencoders: the model is not asked for them. Where hidden windows overlap the mean is shown.
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
    drawn, _ = _laid(shown_NHW, every, np.arange(len(shown_NHW)), embedder.step_px)
    said, hidden = _laid(
        found.pixels().cpu().numpy(), hidden_MW, np.flatnonzero(masked), embedder.step_px
    )
    width = drawn.shape[1] if inputs.line_px is None else int(inputs.line_px[0])
    said = np.pad(said, ((0, 0), (0, drawn.shape[1] - said.shape[1])))[:, :width]
    hidden = np.pad(hidden, (0, drawn.shape[1] - len(hidden)))[:width]
    drawn = drawn[:, :width]
    return RestoredLine(drawn, hidden, np.where(hidden, said, drawn))


def _laid(
    pixels_NHW: np.ndarray, counts_NW: np.ndarray, tokens: np.ndarray, step_px: int
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens laid `step_px` apart: the mean of those columns of them that count.

    Returns:
        uint8 [H, L], and bool [L] the columns in which any counted.
    """
    _, height, width = pixels_NHW.shape
    total = int(tokens[-1]) * step_px + width
    sums, counts = np.zeros((height, total)), np.zeros(total)
    for pixels, count, token in zip(pixels_NHW, counts_NW, tokens.tolist(), strict=True):
        here = slice(token * step_px, token * step_px + width)
        sums[:, here] += pixels * count
        counts[here] += count
    return np.rint(sums / np.maximum(counts, 1)).astype(np.uint8), counts > 0


def draw_restored(model: MaskedModel, pipeline: TextPipeline, texts: TextBatch, path: Path) -> Path:
    """Write a PNG of some of the texts, spread evenly over them; its path."""
    known = np.flatnonzero(texts.lengths > 0)
    known = known if len(known) else np.arange(len(texts))
    chosen = known[np.unique(np.linspace(0, len(known) - 1, NUM_TEXTS).astype(np.int64))]
    lines = [restored_line(model, pipeline, text[:LONGEST]) for text in texts.take(chosen)]
    with replacement(path) as temporary:
        _sheet(lines).save(temporary, format="PNG")
    return path


def _sheet(lines: Sequence[RestoredLine]) -> Image.Image:
    face = ImageFont.truetype(str(default_font()), 6 * SCALE, layout_engine=ImageFont.Layout.BASIC)
    left = round(max(face.getlength(caption) for caption in CAPTIONS)) + 8 * SCALE
    height, width = lines[0].drawn.shape[0] * SCALE, max(line.drawn.shape[1] for line in lines)
    room = len(CAPTIONS) * (height + SCALE) + 4 * SCALE
    sheet = Image.new("RGB", (left + (width + 4) * SCALE, len(lines) * room), "white")
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        top = number * room + 2 * SCALE
        for caption, row in zip(CAPTIONS, line.rows(), strict=True):
            enlarged = (row.shape[1] * SCALE, height)
            picture = Image.fromarray(row).resize(enlarged, Image.Resampling.NEAREST)
            sheet.paste(picture, (left, top))
            draw.text((2 * SCALE, top + height / 2), caption, fill=GREY, font=face, anchor="lm")
            top += height + SCALE
        bottom = (number + 1) * room - 1
        draw.line([(0, bottom), (sheet.width, bottom)], fill=(225, 225, 225))
    return sheet
