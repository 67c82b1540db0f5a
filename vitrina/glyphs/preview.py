"""Previews of text as a visual model sees it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitrina.glyphs.fonts import default_font
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import segment
from vitrina.text.batch import TextBatch

GRID = (214, 69, 65)
"""Color of the lines between tokens."""


def drawn_line(pictures: GlyphRenderer, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw a text as a line of glyph pictures.

    Returns:
        The line, uint8 [height, width], 255 is ink, and the right edges of its glyphs in pixels.
    """
    tokens = segment(TextBatch.from_strings([text]))
    parts = [pictures.draw(tokens.clusters[i]) for i in tokens.ids]
    return np.concatenate(parts, axis=1), np.cumsum([part.shape[1] for part in parts])


def sketch(
    rows: Sequence[tuple[str, str]], pictures: GlyphRenderer, *, scale: int = 3, grid: bool = True
) -> Image.Image:
    """Draw texts below each other, enlarged, with their captions on the left.

    Args:
        rows: captions and texts.
        scale: screen pixels per pixel of the model.
        grid: whether to draw the edges of the glyphs.
    """
    face = ImageFont.truetype(str(default_font()), 5 * scale, layout_engine=ImageFont.Layout.BASIC)
    lines = [drawn_line(pictures, text) for _, text in rows]
    left = max(round(face.getlength(caption)) for caption, _ in rows) + 6 * scale
    height = pictures.height_px * scale
    width = left + max(line.shape[1] for line, _ in lines) * scale + 2 * scale
    sheet = Image.new("RGB", (width, len(rows) * (height + 2 * scale)), "white")
    draw = ImageDraw.Draw(sheet)
    for k, ((caption, _), (line, edges)) in enumerate(zip(rows, lines, strict=True)):
        top = k * (height + 2 * scale) + scale
        picture = Image.fromarray(255 - line)
        size = (picture.width * scale, height)
        sheet.paste(picture.resize(size, Image.Resampling.NEAREST), (left, top))
        draw.text((2 * scale, top + height / 2), caption, fill=(90, 90, 90), font=face, anchor="lm")
        for edge in [0, *edges.tolist()] if grid else []:
            x = left + edge * scale
            draw.line([(x, top), (x, top + height)], fill=GRID)
    return sheet
