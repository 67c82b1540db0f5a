"""The finalizer of SplitMix64, a bijective hash of 64-bit integers.

Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; constants of
Stafford's variant 13.
"""

from __future__ import annotations

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: the increment of the generator's state."""
FIRST_MIX, SECOND_MIX = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mix(state: np.ndarray) -> np.ndarray:
    """Hash uint64 values in place; return `state`."""
    state ^= state >> np.uint64(30)
    state *= np.uint64(FIRST_MIX)
    state ^= state >> np.uint64(27)
    state *= np.uint64(SECOND_MIX)
    state ^= state >> np.uint64(31)
    return state
