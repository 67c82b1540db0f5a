"""Glyphs as pictures: fonts, drawing, segmentation, clusters of look-alikes."""
