"""A family of noise that rewrites whole words of any script."""

from collections.abc import Sequence

import numpy as np

from vitrina.noise.config import FamiliesNoiseConfig
from vitrina.noise.policy import PerturbationPolicy


def backwards(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Return a policy that writes words backwards."""
    return PerturbationPolicy(p_word=config.p_word, rewrite=_reverse)


def _reverse(words: Sequence[str], draws: np.ndarray) -> list[str]:
    return [word[::-1] for word in words]
