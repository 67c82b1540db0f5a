"""The finalizer of SplitMix64: every bit of a number changes every bit of its hash.

Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; the constants
are Stafford's variant 13.
"""

from __future__ import annotations

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: by this a generator's state grows."""
FIRST_MIX, SECOND_MIX = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mix(state: np.ndarray) -> np.ndarray:
    """uint64 to uint64, one to one; changes `state` in place."""
    state ^= state >> np.uint64(30)
    state *= np.uint64(FIRST_MIX)
    state ^= state >> np.uint64(27)
    state *= np.uint64(SECOND_MIX)
    state ^= state >> np.uint64(31)
    return state
