"""Draws what a deobfuscator does with a text: its glyphs, their candidates, the chosen letters."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitrina.deobfuscation.words import WordDeobfuscator
from vitrina.glyphs.fonts import default_font
from vitrina.glyphs.preview import GRID
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.text.batch import TextBatch

MAX_CANDIDATES = 4
"""Candidates that are drawn below a glyph."""
CHOSEN, OTHER = (20, 110, 60), (150, 150, 150)
"""Colors of chosen letters and of other candidates."""


def draw_deobfuscation(
    deobfuscator: WordDeobfuscator, text: str, pictures: GlyphRenderer, *, scale: int = 3
) -> Image.Image:
    """Draw the glyphs of a normalized text, their best candidates and the letters chosen.

    Glyphs that are one letter share their candidates. A dash marks a skipped glyph.

    Args:
        deobfuscator: deobfuscates the text.
        text: the normalized text.
        pictures: draws the glyphs.
        scale: screen pixels per pixel of the model.
    """
    batch = deobfuscator(TextBatch.from_strings([text]))
    glyphs = [batch.glyphs.clusters[i] for i in batch.glyphs.ids]
    drawn = [pictures.draw(glyph) for glyph in glyphs]
    edges_N = np.cumsum([0, *(each.shape[1] * scale for each in drawn)])
    font = str(default_font())
    face = ImageFont.truetype(font, 5 * scale, layout_engine=ImageFont.Layout.BASIC)
    large = ImageFont.truetype(font, 8 * scale, layout_engine=ImageFont.Layout.BASIC)
    captions = ("glyphs", "candidates", "letters")
    left = max(round(face.getlength(caption)) for caption in captions) + 6 * scale
    line, height = 7 * scale, pictures.height_px * scale
    below = scale + height  # top of the candidates
    bottom = below + MAX_CANDIDATES * line + 2 * scale  # top of the letters
    sheet = Image.new("RGB", (left + int(edges_N[-1]) + 2 * scale, bottom + 12 * scale), "white")
    draw = ImageDraw.Draw(sheet)
    for caption, y in zip(captions, (scale + height / 2, below + line, bottom + line), strict=True):
        draw.text((2 * scale, y), caption, fill=(90, 90, 90), font=face, anchor="lm")
    for edge, picture in zip(edges_N.tolist(), drawn, strict=False):
        size = (picture.shape[1] * scale, height)
        enlarged = Image.fromarray(255 - picture).resize(size, Image.Resampling.NEAREST)
        sheet.paste(enlarged, (left + edge, scale))
    skipped = {n for n, glyph in enumerate(glyphs) if glyph != " "}
    for code, start, end in zip(batch.codes_L, batch.start_L, batch.end_L, strict=True):
        if start == end:
            continue
        skipped -= set(range(start, end))
        bounds = [left + int(edges_N[place]) for place in (start, end)]
        middle = sum(bounds) / 2
        for x in bounds:
            draw.line([(x, scale), (x, below)], fill=GRID)
        letter = deobfuscator.codebook.letters[code]
        names = deobfuscator.search.candidates(tuple(glyphs[start:end]))[:MAX_CANDIDATES]
        for row, name in enumerate(names):
            color = CHOSEN if name == letter else OTHER
            y = below + (row + 1) * line
            draw.text((middle, y), name, fill=color, font=face, anchor="ms")
        draw.text((middle, bottom + 1.4 * line), letter, fill=CHOSEN, font=large, anchor="ms")
    for place in skipped:
        middle = left + int(edges_N[place] + edges_N[place + 1]) / 2
        draw.text((middle, bottom + 1.4 * line), "–", fill=OTHER, font=large, anchor="ms")
    return sheet
