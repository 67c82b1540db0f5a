"""Deobfuscation: recovers the plain letters of disguised words from drawn glyphs."""
