"""Draws the training set of a glyph encoder: each character in several faces and sizes.

Characters that people read as one letter are one class: characters of any script whose images are
nearly equal, and a letter with its marks by Unicode decomposition (`é` is an `e`). The letters of
the Russian alphabet are separate classes.

Shapes: P images, G characters, H/W pixels.
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
"""Code points that are drawn, if a face contains them."""

KINDS = "LNPS"
"""Unicode categories that are drawn: letters, numbers, punctuation, symbols."""


@dataclass(frozen=True)
class FontDataset:
    """Images of characters with their classes.

    Attributes:
        pictures: uint8 [P, H, W], 255 is ink.
        classes: int64 [P], from 0 to `num_classes` - 1.
        num_classes: number of classes.
        characters: all drawn characters.
    """

    pictures: np.ndarray
    classes: np.ndarray
    num_classes: int
    characters: tuple[str, ...]


def own_faces() -> list[Path]:
    """Return the fonts of `FACES`, which every installation contains."""
    return [default_font().with_name(f"{face}.ttf") for face in FACES]


def shown_characters(held_out: Collection[str]) -> list[str]:
    """Return the characters of `RANGES` in the default font without those held out, sorted."""
    known = font_characters(default_font())
    codes = [code for first, last in RANGES for code in range(first, last + 1) if code in known]
    drawn = [chr(code) for code in codes if unicodedata.category(chr(code))[0] in KINDS]
    return [character for character in drawn if character not in held_out]


def classes_of(characters: Sequence[str], pictures_GHW: np.ndarray, alike: float) -> np.ndarray:
    """Assign characters that people read as one letter to one class.

    A character joins the class of the letter that it decomposes into; otherwise the class whose
    first character is most similar, if the cosine is at least `alike`; otherwise it starts a class.
    The Russian letters come first, so that each starts its own class.

    Args:
        characters: unique and sorted, so that a letter precedes characters that decompose into it.
        pictures_GHW: images of the characters in one face.
        alike: minimum cosine of two images of one class.

    Returns:
        int64 [G], numbered from 0 in the order in which classes were started.
    """
    flat_GP = pictures_GHW.reshape(len(characters), -1).astype(np.float32)
    flat_GP /= np.linalg.norm(flat_GP, axis=1, keepdims=True).clip(min=1.0)
    letters = frozenset(ALPHABET)
    order = sorted(range(len(characters)), key=lambda i: characters[i] not in letters)
    class_of: dict[str, int] = {}
    first: list[int] = []  # index of the first character of each class
    for index in order:
        character = characters[index]
        base = unicodedata.normalize("NFD", character)[0]
        if character not in letters and base in class_of:
            class_of[character] = class_of[base]
            continue
        cosines = flat_GP[first] @ flat_GP[index]
        if character not in letters and len(first) and cosines.max() >= alike:
            class_of[character] = int(cosines.argmax())
        else:
            class_of[character] = len(first)
            first.append(index)
    return np.array([class_of[character] for character in characters], dtype=np.int64)


def draw_font_dataset(
    faces: Sequence[Path],
    sizes_px: Sequence[int],
    height_px: int,
    width_px: int,
    *,
    held_out: Collection[str] = (),
    alike: float = 0.97,
) -> FontDataset:
    """Draw every character in every face that contains it, at each size.

    Args:
        faces: font files.
        sizes_px: em squares; classes are computed at the first one.
        height_px, width_px: size of the canvas.
        held_out: characters that are not drawn.
        alike: see `classes_of`.

    Raises:
        InputError: if a font cannot be read.
    """
    characters = shown_characters(held_out)
    plain = GlyphRenderer([], sizes_px[0], height_px).render(characters, width_px)
    classes_G = classes_of(characters, plain, alike)
    pictures, classes = [], []
    for face in faces:
        known = [i for i, each in enumerate(characters) if ord(each) in font_characters(face)]
        for size_px in sizes_px:
            renderer = GlyphRenderer([face], size_px, height_px)
            pictures.append(renderer.render([characters[i] for i in known], width_px))
            classes.append(classes_G[known])
    return FontDataset(
        np.concatenate(pictures),
        np.concatenate(classes),
        int(classes_G.max()) + 1,
        tuple(characters),
    )
