"""Disguised words to the letters that were meant, from drawn glyphs."""
