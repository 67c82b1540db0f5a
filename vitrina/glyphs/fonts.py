"""Font chain that draws any grapheme cluster as a small grayscale picture.

Each character is drawn with the first font that has it. Other code points are drawn as a framed
grid of their bits, so that they all look different. Pillow's basic layout is used, because it needs
no system library and raises no errors on unusual input.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFont

from vitrina.errors import InputError

MAX_MARKS = 4
"""Maximum number of combining marks drawn on a base; further ones are ignored."""


def default_font() -> Path:
    """Return the path of DejaVu Sans (5,906 characters) in matplotlib; no font is committed."""
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


def font_hashes(fonts: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of font files by name; an empty list means the default font."""
    paths = [Path(font) for font in fonts] or [default_font()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@lru_cache(maxsize=64)
def font_characters(path: Path) -> frozenset[int]:
    """Return the code points that the font at `path` can draw.

    Raises:
        InputError: if the font is missing or unreadable.
    """
    try:
        with TTFont(path, lazy=True, fontNumber=0) as font:
            return frozenset(font.getBestCmap() or ())
    except FileNotFoundError:
        raise InputError(f"{path}: no such font file") from None
    except (OSError, TTLibError, ValueError) as error:
        raise InputError(f"{path}: not a TrueType or OpenType font ({error})") from None


class FontChain:
    """Draws each character with the first font that has it.

    Args:
        paths: font files in order; empty means the default font.
        size_px: size of the em square in pixels.
    """

    def __init__(self, paths: Sequence[str | Path], size_px: int) -> None:
        self.paths = [Path(path) for path in paths] or [default_font()]
        self.size_px = size_px
        self._characters = [font_characters(path) for path in self.paths]
        self._fonts = [
            ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)
            for path in self.paths
        ]

    def draw(self, cluster: str, height: int, baseline: int) -> np.ndarray:
        """Draw a grapheme cluster: its base with its marks on top.

        Args:
            cluster: one base character and any combining marks.
            height: height of the picture in pixels.
            baseline: row of the baseline, counted from the top.

        Returns:
            uint8 [height, advance], 255 is ink; ink outside the picture is cut off.
        """
        base, marks = cluster[:1], cluster[1 : 1 + MAX_MARKS]
        if base.isspace():
            return np.zeros((height, self._advance(" ")), dtype=np.uint8)
        advance = self._advance(base)
        picture = self._draw_one(base, height, baseline, advance, 0)
        for mark in marks:
            # Fonts place a mark relative to the pen position after its base.
            over = self._draw_one(mark, height, baseline, advance, advance)
            picture = np.maximum(picture, over)
        return picture

    def has(self, character: str) -> bool:
        """Whether any font has the character."""
        return self._font(character) is not None

    def _font(self, character: str) -> ImageFont.FreeTypeFont | None:
        code_point = ord(character)
        for font, characters in zip(self._fonts, self._characters, strict=True):
            if code_point in characters:
                return font
        return None

    def _advance(self, character: str) -> int:
        font = self._font(character)
        if font is None:
            return self._cell() * 4 + 4
        return max(1, round(font.getlength(character)))

    def _draw_one(
        self, character: str, height: int, baseline: int, width: int, pen: int
    ) -> np.ndarray:
        font = self._font(character)
        if font is None:
            return self._draw_bits(ord(character), height, baseline, width)
        image = Image.new("L", (width, height))
        ImageDraw.Draw(image).text((pen, baseline), character, fill=255, font=font, anchor="ls")
        return np.asarray(image)

    def _cell(self) -> int:
        return max(1, self.size_px // 7)

    def _draw_bits(self, code_point: int, height: int, baseline: int, width: int) -> np.ndarray:
        """Draw the 21 bits of a code point as a framed grid of 4 by 6 cells."""
        cell = self._cell()
        bits = np.array([code_point >> i & 1 for i in range(24)], dtype=np.uint8).reshape(6, 4)
        framed = np.pad(
            np.kron(bits * 255, np.ones((cell, cell), np.uint8)), 1, constant_values=255
        )
        picture = np.zeros((height, width), dtype=np.uint8)
        top = max(0, baseline - framed.shape[0])
        rows, columns = min(framed.shape[0], height - top), min(framed.shape[1], width)
        picture[top : top + rows, :columns] = framed[:rows, :columns]
        return picture
