"""Clusters of look-alike glyphs: the replacements of noise level 4.

All visible characters of a font are drawn and slightly blurred, which reduces the effect of
subpixel shifts. The pictures are clustered with k-means. The look-alikes of a Russian letter are
the glyphs of its cluster.
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
"""The letters that get look-alikes."""


def candidates(font: Path) -> list[str]:
    """Return the visible base characters of `font`, sorted by code point.

    Excluded are digits, whose look-alikes are noise level 1, private-use characters, and
    right-to-left characters, which would change the order of a text.
    """

    def eligible(code: int) -> bool:
        character = chr(code)
        if kind_of(code) != BASE or unicodedata.category(character) in ("Co", "Cn", "Nd"):
            return False
        return unicodedata.bidirectional(character) not in ("R", "AL", "AN")

    return [chr(code) for code in sorted(font_characters(font)) if eligible(code)]


def cluster_glyphs(
    font: Path,
    size_px: int,
    num_clusters: int,
    *,
    seed: int = 0,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[str, list[str]]:
    """Find the look-alikes of every Russian letter by clustering all glyphs of a font.

    Args:
        font: font file.
        size_px: font size; more glyphs look alike at a smaller size.
        num_clusters: number of clusters.
        seed: seed of the k-means initialization.
        progress: receives progress messages.

    Returns:
        Letter → sorted glyphs of its cluster, itself included; only letters of the font.

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
    """Assign look-alike glyphs to their most similar Russian letter.

    Args:
        font: font file.
        size_px: font size.
        least: minimum cosine of the blurred pictures of look-alikes.
        most: maximum number of glyphs per letter.
        known: excluded glyphs, in addition to ASCII.

    Returns:
        Letter → look-alikes, the most similar first; only letters that have any.

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
    """Return blurred pictures of `glyphs`, float32 [num_glyphs, pixels], as unit vectors."""
    canvases = pictures.render(glyphs, 2 * pictures.fonts.size_px)
    soft = [
        np.asarray(Image.fromarray(canvas).filter(ImageFilter.GaussianBlur(0.5)))
        for canvas in canvases
    ]
    pictures_GP = np.stack(soft).reshape(len(glyphs), -1).astype(np.float32)
    # Normalized, so that light and heavy glyphs of the same shape are close.
    return pictures_GP / np.linalg.norm(pictures_GP, axis=1, keepdims=True).clip(min=1.0)


def contact_sheet(
    clusters: Mapping[str, Sequence[str]], font: Path, path: Path, cell_px: int = 28
) -> None:
    """Write a picture of all clusters, one per line, for visual inspection."""
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
    """Return the font at `path`, or the default font."""
    return Path(path) if path else default_font()
