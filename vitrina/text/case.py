"""Lower case of texts in columns."""

from __future__ import annotations

from functools import cache

import numpy as np

from vitrina.text.batch import NUM_CODE_POINTS

LAST_CASED = 0x1FFFF
"""No character beyond this one has another case (Unicode 16 ends at U+1E921)."""


@cache
def _lower_table() -> np.ndarray:
    """uint32 [0x110000]: the lower case of each code point, or the code point itself."""
    table = np.arange(NUM_CODE_POINTS, dtype=np.uint32)
    small = [chr(code).lower() for code in range(LAST_CASED + 1)]
    # İ alone becomes several letters; it is left as it is.
    table[: LAST_CASED + 1] = [
        ord(letter) if len(letter) == 1 else code for code, letter in enumerate(small)
    ]
    return table


def lower_case(code_points: np.ndarray) -> np.ndarray:
    """Lower case of uint32 code points, each by itself, so that no text changes its length."""
    return _lower_table()[code_points]
