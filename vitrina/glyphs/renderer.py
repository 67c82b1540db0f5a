"""Pictures of grapheme clusters, each drawn once: on a canvas of fixed size, or as a strip.

A batch needs about a hundred distinct glyphs, so each batch carries its own small table of
pictures; what was drawn before comes from a bounded cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vitrina.glyphs.cache import BoundedCache
from vitrina.glyphs.config import RendererConfig
from vitrina.glyphs.fonts import FontChain

CACHE_SIZE = 1 << 15
"""Pictures kept; a text can make up any number of clusters, memory must not follow it."""


WIDE_LETTER = 1.1
"""Width of the widest letters, in sizes of the em square."""


class GlyphRenderer:
    """Draws clusters with a chain of fonts.

    Args:
        fonts: font files in the order in which they are asked; empty means the default font.
        size_px: size of the em square in pixels.
        height_px: height of every picture in pixels.
    """

    def __init__(self, fonts: Sequence[str | Path], size_px: int, height_px: int) -> None:
        self.fonts = FontChain(fonts, size_px)
        self.height_px = height_px
        # An em square of ascenders and descenders, centred in the height.
        self.baseline = round((height_px - size_px) / 2 + 0.8 * size_px)
        self._cache: BoundedCache[str, np.ndarray] = BoundedCache(CACHE_SIZE)

    @classmethod
    def of(cls, settings: RendererConfig) -> GlyphRenderer:
        """Return the renderer of these settings."""
        return cls(settings.fonts, settings.font_size_px, settings.height_px)

    def draw(self, cluster: str) -> np.ndarray:
        """uint8 [height_px, advance], 255 is ink; read-only."""
        picture = self._cache.get(cluster)
        if picture is None:
            picture = self.fonts.draw(cluster, self.height_px, self.baseline)
            picture.setflags(write=False)
            self._cache.put(cluster, picture)
        return picture

    def strip(self, clusters: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """All pictures side by side, column by column.

        Returns:
            columns uint8 [sum(widths), height_px] and widths int64 [num_clusters].
        """
        pictures = [self.draw(cluster) for cluster in clusters]
        widths = np.array([picture.shape[1] for picture in pictures], dtype=np.int64)
        return np.ascontiguousarray(np.concatenate(pictures, axis=1).T), widths

    def render(self, clusters: Sequence[str], width_px: int) -> np.ndarray:
        """Each picture in the middle of a canvas: uint8 [num_clusters, height_px, width_px]."""
        render = np.zeros((len(clusters), self.height_px, width_px), dtype=np.uint8)
        for canvas, cluster in zip(render, clusters, strict=True):
            picture = self.draw(cluster)
            excess = picture.shape[1] - width_px
            if excess > 0:
                canvas[:] = picture[:, excess // 2 : excess // 2 + width_px]
            else:
                left = -excess // 2
                canvas[:, left : left + picture.shape[1]] = picture
        return render

    def joined(self, clusters: Sequence[str], width_px: int) -> np.ndarray:
        """Several pictures side by side as one, in the middle of a canvas: uint8 [height_px,
        width_px].

        Without the margins at its sides, and squeezed where it is wider than letters are.
        """
        picture = np.concatenate([self.draw(cluster) for cluster in clusters], axis=1)
        canvas = np.zeros((self.height_px, width_px), dtype=np.uint8)
        inked = np.flatnonzero(picture.any(axis=0))
        if not len(inked):
            return canvas
        picture = np.ascontiguousarray(picture[:, inked[0] : inked[-1] + 1])
        letter = round(WIDE_LETTER * self.fonts.size_px)
        if picture.shape[1] > letter:
            size = (min(letter, width_px), self.height_px)
            picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
        left = (width_px - picture.shape[1]) // 2
        canvas[:, left : left + picture.shape[1]] = picture
        return canvas
