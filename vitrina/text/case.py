"""Lower case of columnar texts."""

from __future__ import annotations

from functools import cache

import numpy as np

from vitrina.text.batch import NUM_CODE_POINTS

LAST_CASED = 0x1FFFF
"""No later code point has a lower case (in Unicode 16 the last one is U+1E921)."""


@cache
def _lower_table() -> np.ndarray:
    """Return uint32 [0x110000]: the lower case of each code point, or the code point itself."""
    table = np.arange(NUM_CODE_POINTS, dtype=np.uint32)
    small = [chr(code).lower() for code in range(LAST_CASED + 1)]
    # İ is the only letter with a lower case of several code points; it stays unchanged.
    table[: LAST_CASED + 1] = [
        ord(letter) if len(letter) == 1 else code for code, letter in enumerate(small)
    ]
    return table


def lower_case(code_points: np.ndarray) -> np.ndarray:
    """Convert uint32 code points to lower case one by one, which keeps the length of each text."""
    return _lower_table()[code_points]
