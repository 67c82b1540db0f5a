"""Clusters of glyphs that look alike: the replacements of noise level 4.

Every character that a font can draw as a single visible glyph is drawn, slightly blurred so that
a shift by a fraction of a pixel costs little, and the pictures are clustered with k-means. The
glyphs in a Russian letter's cluster are its look-alikes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from sklearn.cluster import KMeans

from vitrina.errors import InputError
from vitrina.files import replacement
from vitrina.glyphs.fonts import default_font, font_characters
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import BASE, kind_of

LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
RUSSIAN = LETTERS + LETTERS.upper()
"""The letters for which look-alikes are wanted."""


def candidates(font: Path) -> list[str]:
    """Characters of `font` that stand for themselves on paper, in order of their code points.

    Digits stay out: their look-alikes are noise level 1. So do private and right-to-left
    characters, which would not stay where they are put.
    """

    def wanted(code: int) -> bool:
        character = chr(code)
        if kind_of(code) != BASE or unicodedata.category(character) in ("Co", "Cn", "Nd"):
            return False
        return unicodedata.bidirectional(character) not in ("R", "AL", "AN")

    return [chr(code) for code in sorted(font_characters(font)) if wanted(code)]


def cluster_glyphs(
    font: Path,
    size_px: int,
    num_clusters: int,
    *,
    seed: int = 0,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[str, list[str]]:
    """Look-alikes of every Russian letter.

    Args:
        font: a font file.
        size_px: size at which glyphs are drawn; the smaller, the more look alike.
        num_clusters: clusters made of all glyphs of the font.
        seed: of the k-means initialisation.
        progress: told what is being done.

    Returns:
        For each letter that the font has the glyphs of its cluster, itself included, sorted.

    Raises:
        InputError: if the font cannot be read, lacks Russian letters, or has too few glyphs.
    """
    glyphs = candidates(font)
    letters = [letter for letter in RUSSIAN if letter in set(glyphs)]
    if not letters:
        raise InputError(f"{font}: has no Russian letters")
    if not 1 <= num_clusters <= len(glyphs):
        raise InputError(
            f"clusters = {num_clusters}: must be from 1 to {len(glyphs)}, the glyphs of {font}"
        )
    progress(f"drawing {len(glyphs)} glyphs of {font.name} at {size_px} px")
    pictures_GP = blurred(GlyphRenderer([font], size_px, 2 * size_px), glyphs)
    progress(f"clustering into {num_clusters} clusters")
    model = KMeans(num_clusters, n_init=cast(Any, 1), random_state=seed)
    cluster_of = dict(zip(glyphs, model.fit_predict(pictures_GP).tolist(), strict=True))
    members: dict[int, list[str]] = {}
    for glyph in glyphs:
        members.setdefault(cluster_of[glyph], []).append(glyph)
    return {letter: members[cluster_of[letter]] for letter in letters}


def look_alikes(
    font: Path, size_px: int, least: float, most: int, known: Collection[str]
) -> dict[str, list[str]]:
    """Glyphs that look like a Russian letter and more like it than like any other one.

    Args:
        font: a font file.
        size_px: size at which glyphs are drawn.
        least: cosine of two blurred pictures from which on they look alike.
        most: glyphs kept for each letter, the most alike.
        known: glyphs that are left out, as are those of ASCII.

    Returns:
        For each letter that has any, the most alike first.

    Raises:
        InputError: if the font cannot be read or lacks Russian letters.
    """
    glyphs = candidates(font)
    letters = [letter for letter in RUSSIAN if letter in set(glyphs)]
    if not letters:
        raise InputError(f"{font}: has no Russian letters")
    others = [glyph for glyph in glyphs if not (glyph.isascii() or glyph in known)]
    others = [glyph for glyph in others if glyph not in letters]
    pictures = GlyphRenderer([font], size_px, 2 * size_px)
    cosines = blurred(pictures, others) @ blurred(pictures, letters).T  # [others, letters]
    nearest, highest = cosines.argmax(axis=1), cosines.max(axis=1)
    order = np.argsort(-highest, kind="stable")
    found: dict[str, list[str]] = {letter: [] for letter in letters}
    for index in order[highest[order] >= least].tolist():
        found[letters[nearest[index]]].append(others[index])
    return {letter: alike[:most] for letter, alike in found.items() if alike}


def blurred(pictures: GlyphRenderer, glyphs: Sequence[str]) -> np.ndarray:
    """Pictures of `glyphs` as float32 [num_glyphs, pixels], blurred, each of length 1."""
    render = pictures.render(glyphs, 2 * pictures.fonts.size_px)
    soft = [
        np.asarray(Image.fromarray(canvas).filter(ImageFilter.GaussianBlur(0.5)))
        for canvas in render
    ]
    pictures_GP = np.stack(soft).reshape(len(glyphs), -1).astype(np.float32)
    # Of one length, so that light and heavy glyphs of one form meet.
    return pictures_GP / np.linalg.norm(pictures_GP, axis=1, keepdims=True).clip(min=1.0)


def contact_sheet(
    clusters: Mapping[str, Sequence[str]], font: Path, path: Path, cell_px: int = 28
) -> None:
    """Write a picture of all clusters, a line each, for a person to judge them."""
    most = max(len(members) for members in clusters.values())
    columns = min(most, 30) + 2
    rows = [
        (letter if start == 0 else "", members[start : start + columns - 2])
        for letter, members in clusters.items()
        for start in range(0, len(members), columns - 2)
    ]
    sheet = Image.new("L", (columns * cell_px, len(rows) * cell_px), 255)
    draw = ImageDraw.Draw(sheet)
    face = ImageFont.truetype(str(font), round(cell_px * 0.6), layout_engine=ImageFont.Layout.BASIC)
    for row, (letter, members) in enumerate(rows):
        for column, glyph in [(0, letter), *enumerate(members, start=2)]:
            at = ((column + 0.5) * cell_px, (row + 0.75) * cell_px)
            draw.text(at, glyph, fill=0, font=face, anchor="ms")
        draw.line([(0, row * cell_px), (sheet.width, row * cell_px)], fill=220)
    with replacement(path) as temporary:
        sheet.save(temporary, format="PNG")


def font_or_default(path: str | None) -> Path:
    """The font at `path`; without one the default font."""
    return Path(path) if path else default_font()
