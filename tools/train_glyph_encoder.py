"""Train a glyph encoder: see `glyph_encoder/command.py`."""

import sys

from glyph_encoder.command import main

if __name__ == "__main__":
    sys.exit(main())
