"""Draws many pictures of each character, for the training of a glyph encoder.

A character is shown in several faces and sizes. Characters that people take for one letter are one
class: those whose pictures are nearly the same, whatever their script, and a letter with marks that
Unicode decomposes (`é` is an `e`). The letters of the Russian alphabet stay apart.

Shapes: P pictures, G characters, H/W pixels.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitrina.glyphs.fonts import default_font, font_characters
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.noise.tables import ALPHABET

FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
)
"""Faces with Cyrillic letters that matplotlib ships."""

RANGES = (
    (0x0021, 0x02AF),  # Latin, with the phonetic letters
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x052F),  # Cyrillic
    (0x0531, 0x0587),  # Armenian
    (0x10A0, 0x10FF),  # Georgian
    (0x1D00, 0x1DBF),  # more phonetic letters
    (0x1E00, 0x1EFF),  # more of Latin
    (0x2010, 0x2046),  # punctuation
    (0x20A0, 0x20BF),  # currencies
    (0x2100, 0x22FF),  # letter-like signs, numbers, arrows, mathematics
    (0x25A0, 0x26FF),  # shapes
    (0x2C60, 0x2C7F),  # more of Latin
    (0xA640, 0xA69F),  # more of Cyrillic
    (0xA720, 0xA7FF),  # more of Latin
)
"""Code points that are shown, where a face has them."""

KINDS = "LNPS"
"""Letters, numbers, punctuation, symbols: Unicode's categories of what is shown."""


@dataclass(frozen=True)
class Specimens:
    """Pictures of characters with their classes.

    Attributes:
        pictures: uint8 [P, H, W], 255 is ink.
        classes: int64 [P], from 0 to below `num_classes`.
        num_classes: number of classes.
        characters: all characters that are shown.
    """

    pictures: np.ndarray
    classes: np.ndarray
    num_classes: int
    characters: tuple[str, ...]


def own_faces() -> list[Path]:
    """The fonts of `FACES`, which every installation has."""
    return [default_font().with_name(f"{face}.ttf") for face in FACES]


def shown_characters(held_out: Collection[str]) -> list[str]:
    """The characters of `RANGES` in the default font, but those held out; rising."""
    known = font_characters(default_font())
    codes = [code for first, last in RANGES for code in range(first, last + 1) if code in known]
    shown = [chr(code) for code in codes if unicodedata.category(chr(code))[0] in KINDS]
    return [character for character in shown if character not in held_out]


def classes_of(characters: Sequence[str], pictures_GHW: np.ndarray, alike: float) -> np.ndarray:
    """One class for what a person takes for one letter.

    A character joins the class of the letter that it decomposes into; otherwise the class whose
    first character looks most like it, if that is alike enough; otherwise it founds one. The
    Russian letters come first, so that each founds its own.

    Args:
        characters: each once, rising, so that a letter comes before what decomposes into it.
        pictures_GHW: theirs, in one face.
        alike: cosine of two pictures from which on they are one letter.

    Returns:
        int64 [G], from 0 on, by the order in which the classes were founded.
    """
    flat_GP = pictures_GHW.reshape(len(characters), -1).astype(np.float32)
    flat_GP /= np.linalg.norm(flat_GP, axis=1, keepdims=True).clip(min=1.0)
    letters = frozenset(ALPHABET)
    order = sorted(range(len(characters)), key=lambda i: characters[i] not in letters)
    class_of: dict[str, int] = {}
    founders: list[int] = []
    for index in order:
        character = characters[index]
        base = unicodedata.normalize("NFD", character)[0]
        if character not in letters and base in class_of:
            class_of[character] = class_of[base]
            continue
        cosines = flat_GP[founders] @ flat_GP[index]
        if character not in letters and len(founders) and cosines.max() >= alike:
            class_of[character] = int(cosines.argmax())
        else:
            class_of[character] = len(founders)
            founders.append(index)
    return np.array([class_of[character] for character in characters], dtype=np.int64)


def make_specimens(
    faces: Sequence[Path],
    sizes_px: Sequence[int],
    height_px: int,
    width_px: int,
    *,
    held_out: Collection[str] = (),
    alike: float = 0.97,
) -> Specimens:
    """Draw every character in every face that has it, at each size.

    Args:
        faces: font files.
        sizes_px: em squares in pixels; the first is that at which classes are judged.
        height_px, width_px: the canvas.
        held_out: characters that are not shown.
        alike: see `classes_of`.

    Raises:
        InputError: if a font cannot be read.
    """
    characters = shown_characters(held_out)
    plain = GlyphRenderer([], sizes_px[0], height_px).render(characters, width_px)
    classes_G = classes_of(characters, plain, alike)
    pictures, classes = [], []
    for face in faces:
        there = [i for i, each in enumerate(characters) if ord(each) in font_characters(face)]
        for size_px in sizes_px:
            drawn = GlyphRenderer([face], size_px, height_px)
            pictures.append(drawn.render([characters[i] for i in there], width_px))
            classes.append(classes_G[there])
    return Specimens(
        np.concatenate(pictures),
        np.concatenate(classes),
        int(classes_G.max()) + 1,
        tuple(characters),
    )
