"""Small letters for capital ones, in columns."""

from __future__ import annotations

from functools import cache

import numpy as np

from vitrina.text.batch import NUM_CODE_POINTS

LAST_CASED = 0x1FFFF
"""No character beyond this one has another case (Unicode 16 ends at U+1E921)."""


@cache
def _small_letters() -> np.ndarray:
    """uint32 [0x110000]: the small letter of each code point, or the code point itself."""
    table = np.arange(NUM_CODE_POINTS, dtype=np.uint32)
    small = [chr(code).lower() for code in range(LAST_CASED + 1)]
    # A single letter becomes several in İ alone; it is left as it is.
    table[: LAST_CASED + 1] = [
        ord(letter) if len(letter) == 1 else code for code, letter in enumerate(small)
    ]
    return table


def lower_case(code_points: np.ndarray) -> np.ndarray:
    """uint32, of the shape of `code_points`: each by itself, so that no text changes its length."""
    return _small_letters()[code_points]
