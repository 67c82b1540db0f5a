"""Tests of the pictures of grapheme clusters."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from vitrina.errors import InputError
from vitrina.glyphs.fonts import FontChain, default_font
from vitrina.glyphs.renderer import CACHE_SIZE, GlyphRenderer

DRAW_REPEATEDLY = """
from vitrina.glyphs.renderer import GlyphRenderer
for _ in range(1500):
    GlyphRenderer([], 12, 24).draw("\u1e18")
"""
"""FreeType 2.14.3 writes out of bounds here, and the process crashes after some iterations."""


@pytest.fixture(scope="module")
def pictures() -> GlyphRenderer:
    return GlyphRenderer([], size_px=13, height_px=16)


def test_letters_equal_those_drawn_by_pillow(pictures: GlyphRenderer) -> None:
    font = ImageFont.truetype(str(default_font()), 13, layout_engine=ImageFont.Layout.BASIC)
    for letter in "жЩа0}":
        width = round(font.getlength(letter))
        image = Image.new("L", (width, 16))
        ImageDraw.Draw(image).text((0, pictures.baseline), letter, 255, font, anchor="ls")
        assert np.array_equal(pictures.draw(letter), np.asarray(image))


def test_characters_without_a_font_have_distinct_pictures(pictures: GlyphRenderer) -> None:
    missing = [chr(code) for code in range(0x13000, 0x13100)]
    assert not any(pictures.fonts.has(character) for character in missing)
    drawn = {pictures.draw(character).tobytes() for character in missing}
    assert len(drawn) == len(missing)


def test_a_mark_is_drawn_over_its_base(pictures: GlyphRenderer) -> None:
    base, marked = pictures.draw("о"), pictures.draw("о\u0336")
    assert marked.shape == base.shape
    assert (marked >= base).all() and (marked > base).any()


def test_a_mark_without_a_font_is_visible(pictures: GlyphRenderer) -> None:
    mark = "\U0001e000"  # a combining Glagolitic letter
    assert not pictures.fonts.has(mark)
    assert not np.array_equal(pictures.draw("о" + mark), pictures.draw("о"))


def test_white_space_is_empty(pictures: GlyphRenderer) -> None:
    assert pictures.draw(" ").sum() == 0
    assert pictures.draw(" ").shape[1] >= 2


def test_fonts_are_used_in_order() -> None:
    mono = default_font().with_name("DejaVuSansMono.ttf")
    first = GlyphRenderer([mono, default_font()], 13, 16)
    assert np.array_equal(first.draw("ж"), GlyphRenderer([mono], 13, 16).draw("ж"))
    only_sans = next(
        chr(c)
        for c in range(0x400, 0x530)
        if FontChain([], 13).has(chr(c)) and not FontChain([mono], 13).has(chr(c))
    )
    assert np.array_equal(first.draw(only_sans), GlyphRenderer([], 13, 16).draw(only_sans))


def test_a_missing_or_broken_font_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such font file"):
        FontChain([tmp_path / "none.ttf"], 13)
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"not a font")
    with pytest.raises(InputError, match=r"broken\.ttf: not a TrueType or OpenType font"):
        FontChain([broken], 13)


@given(st.text(min_size=1, max_size=8))
@settings(max_examples=200)
def test_any_cluster_can_be_drawn(cluster: str) -> None:
    pictures = GlyphRenderer([], 12, 24)
    picture = pictures.draw(cluster)
    assert picture.dtype == np.uint8 and picture.shape[0] == 24 and picture.shape[1] >= 1
    canvas = pictures.render([cluster], 16)
    assert canvas.shape == (1, 24, 16)


def test_strip_concatenates_pictures(pictures: GlyphRenderer) -> None:
    columns, widths = pictures.strip(["ж", " ", "о\u0301"])
    assert columns.shape == (widths.sum(), 16)
    assert np.array_equal(columns[: widths[0]].T, pictures.draw("ж"))
    assert np.array_equal(columns[-widths[2] :].T, pictures.draw("о\u0301"))


def test_pictures_are_centered_on_the_canvas() -> None:
    pictures = GlyphRenderer([], 12, 24)
    picture = pictures.draw("о")
    canvas = pictures.render(["о"], 16)[0]
    left = (16 - picture.shape[1]) // 2
    assert np.array_equal(canvas[:, left : left + picture.shape[1]], picture)
    assert canvas.sum() == picture.sum()


def test_joined_pictures_have_no_margins() -> None:
    pictures = GlyphRenderer([], 12, 24)
    canvas = pictures.joined(["i", "о"], 16)
    both = np.concatenate([pictures.draw("i"), pictures.draw("о")], axis=1)
    inked = np.flatnonzero(both.any(axis=0))
    drawn = np.flatnonzero(canvas.any(axis=0))
    assert np.array_equal(canvas[:, drawn[0] : drawn[-1] + 1], both[:, inked[0] : inked[-1] + 1])
    assert abs(drawn[0] - (15 - drawn[-1])) <= 1
    assert not pictures.joined([" ", " "], 16).any()


@pytest.mark.parametrize("width_px", [8, 16])
def test_wide_joined_pictures_are_squeezed(width_px: int) -> None:
    pictures = GlyphRenderer([], 12, 24)
    canvas = pictures.joined(list("}|{Щ"), width_px)
    drawn = np.flatnonzero(canvas.any(axis=0))
    assert canvas.shape == (24, width_px)
    assert drawn[-1] - drawn[0] + 1 == min(13, width_px)
    both = np.concatenate([pictures.draw(sign) for sign in "}|{Щ"], axis=1)
    kept = np.flatnonzero(both.any(axis=1))
    assert np.array_equal(np.flatnonzero(canvas.any(axis=1)), kept)


def test_the_cache_is_bounded() -> None:
    pictures = GlyphRenderer([], 6, 8)
    for code in range(0x4E00, 0x4E00 + 50):
        pictures.draw(chr(code))
    assert len(pictures._cache) == 50 < CACHE_SIZE


def test_drawing_does_not_corrupt_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DRAW_REPEATEDLY], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
