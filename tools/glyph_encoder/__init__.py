"""Training of the glyph encoder in `resources/glyphs`: `python tools/train_glyph_encoder.py`."""
