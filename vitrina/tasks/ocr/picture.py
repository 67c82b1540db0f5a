"""Image of recognition examples: drawn text, clean text, recognized text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from vitrina.glyphs.fonts import default_font
from vitrina.glyphs.preview import drawn_line
from vitrina.glyphs.renderer import GlyphRenderer

INK, GREY, RED = (20, 20, 20), (120, 120, 120), (200, 30, 30)


@dataclass(frozen=True)
class Example:
    """A text as drawn, without noise, and as recognized."""

    drawn: str
    meant: str
    read: str


def wrong_letters(read: str, meant: str) -> list[bool]:
    """Return for each recognized letter whether it is wrong: a replacement or an insertion.

    A missing letter marks the next recognized letter, or the last one.

    >>> wrong_letters("cut", "cat")
    [False, True, False]
    """
    from rapidfuzz.distance import Levenshtein

    wrong = [False] * len(read)
    for edit in Levenshtein.editops(read, meant):
        if wrong:
            wrong[min(edit.src_pos, len(read) - 1)] = True
    return wrong


def draw_examples(
    examples: Sequence[Example], pictures: GlyphRenderer, *, scale: int = 2
) -> Image.Image:
    """Draw examples below each other: the pixels that the model gets, then two lines of text.

    Args:
        pictures: the renderer of the model.
        scale: screen pixels for each pixel of the model.
    """
    size = 8 * scale
    face = ImageFont.truetype(str(default_font()), size, layout_engine=ImageFont.Layout.BASIC)
    small = ImageFont.truetype(str(default_font()), 6 * scale, layout_engine=ImageFont.Layout.BASIC)
    lines = [drawn_line(pictures, example.drawn)[0] for example in examples]
    left = round(max(small.getlength(word) for word in ("drawn", "meant", "read"))) + 8 * scale
    printed = [max(face.getlength(e.meant), face.getlength(e.read)) for e in examples]
    width = left + round(max([*(line.shape[1] * scale for line in lines), *printed])) + 4 * scale
    drawn_px, print_px = pictures.height_px * scale, size + 3 * scale
    height = drawn_px + 2 * print_px + 6 * scale
    sheet = Image.new("RGB", (width, len(examples) * height), "white")
    draw = ImageDraw.Draw(sheet)
    for k, (example, line) in enumerate(zip(examples, lines, strict=True)):
        top = k * height + 2 * scale
        picture = Image.fromarray(255 - line)
        enlarged = (picture.width * scale, drawn_px)
        sheet.paste(picture.resize(enlarged, Image.Resampling.NEAREST), (left, top))
        centers = [top + drawn_px / 2, *(top + drawn_px + (n + 0.5) * print_px for n in range(2))]
        for caption, y in zip(("drawn", "meant", "read"), centers, strict=True):
            draw.text((2 * scale, y), caption, fill=GREY, font=small, anchor="lm")
        draw.text((left, centers[1]), example.meant, fill=INK, font=face, anchor="lm")
        x = float(left)
        marks = wrong_letters(example.read, example.meant)
        for letter, wrong in zip(example.read, marks, strict=True):
            draw.text((x, centers[2]), letter, fill=RED if wrong else INK, font=face, anchor="lm")
            if wrong and letter == " ":
                y = centers[2] + size / 2
                draw.line([(x, y), (x + face.getlength(letter), y)], fill=RED, width=scale)
            x += face.getlength(letter)
        bottom = (k + 1) * height - 1
        draw.line([(0, bottom), (width, bottom)], fill=(225, 225, 225))
    return sheet
