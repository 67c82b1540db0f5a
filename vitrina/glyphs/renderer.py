"""Renders grapheme clusters on canvases of fixed size or as a strip.

A batch has about a hundred distinct glyphs, so each batch carries a small table of pictures. A
bounded cache keeps the pictures drawn earlier.
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
"""Pictures in the cache; it is bounded because texts can have any number of clusters."""
WIDE_LETTER = 1.1
"""Width of the widest letters relative to the em square."""


class GlyphRenderer:
    """Draws clusters with a chain of fonts.

    Args:
        fonts: font files in order of priority; empty means the default font.
        size_px: size of the em square in pixels.
        height_px: height of every picture in pixels.
    """

    def __init__(self, fonts: Sequence[str | Path], size_px: int, height_px: int) -> None:
        self.fonts = FontChain(fonts, size_px)
        self.height_px = height_px
        # The em square is vertically centered; the baseline is at 0.8 of its height.
        self.baseline = round((height_px - size_px) / 2 + 0.8 * size_px)
        self._cache: BoundedCache[str, np.ndarray] = BoundedCache(CACHE_SIZE)

    @classmethod
    def of(cls, settings: RendererConfig) -> GlyphRenderer:
        """Return the renderer of these settings."""
        return cls(settings.fonts, settings.font_size_px, settings.height_px)

    def draw(self, cluster: str) -> np.ndarray:
        """Return the picture of a cluster, uint8 [height_px, advance], 255 is ink; read-only."""
        picture = self._cache.get(cluster)
        if picture is None:
            picture = self.fonts.draw(cluster, self.height_px, self.baseline)
            picture.setflags(write=False)
            self._cache.put(cluster, picture)
        return picture

    def strip(self, clusters: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Render clusters side by side.

        Returns:
            Columns uint8 [sum(widths), height_px] and widths int64 [num_clusters].
        """
        pictures = [self.draw(cluster) for cluster in clusters]
        widths = np.array([picture.shape[1] for picture in pictures], dtype=np.int64)
        return np.ascontiguousarray(np.concatenate(pictures, axis=1).T), widths

    def render(self, clusters: Sequence[str], width_px: int) -> np.ndarray:
        """Return each picture centered on a canvas, uint8 [num_clusters, height_px, width_px]."""
        canvases = np.zeros((len(clusters), self.height_px, width_px), dtype=np.uint8)
        for canvas, cluster in zip(canvases, clusters, strict=True):
            picture = self.draw(cluster)
            excess = picture.shape[1] - width_px
            if excess > 0:
                canvas[:] = picture[:, excess // 2 : excess // 2 + width_px]
            else:
                left = -excess // 2
                canvas[:, left : left + picture.shape[1]] = picture
        return canvases

    def joined(self, clusters: Sequence[str], width_px: int) -> np.ndarray:
        """Return several pictures as one on a canvas, uint8 [height_px, width_px].

        Side margins are removed, and the picture is squeezed to at most `WIDE_LETTER`.
        """
        picture = np.concatenate([self.draw(cluster) for cluster in clusters], axis=1)
        canvas = np.zeros((self.height_px, width_px), dtype=np.uint8)
        inked = np.flatnonzero(picture.any(axis=0))
        if not len(inked):
            return canvas
        picture = np.ascontiguousarray(picture[:, inked[0] : inked[-1] + 1])
        max_width = round(WIDE_LETTER * self.fonts.size_px)
        if picture.shape[1] > max_width:
            size = (min(max_width, width_px), self.height_px)
            picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
        left = (width_px - picture.shape[1]) // 2
        canvas[:, left : left + picture.shape[1]] = picture
        return canvas
