"""Glyphs as pictures: fonts, rendering, segmentation, clusters of look-alikes."""
