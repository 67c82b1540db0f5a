"""Noise channel: probabilities of letters given their replacement by the training noise.

It covers replacements that do not look like their letter (`d` for `д`, `sch` for `щ`, `*` for any).
Other look-alikes are recognized from their pictures.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from vitrina.deobfuscation.beam_search import SKIP
from vitrina.deobfuscation.codebook import Codebook
from vitrina.noise.replacements import Replacements
from vitrina.state import FittedState


@dataclass(frozen=True)
class NoiseChannel:
    """Replacements and insertions of the training noise.

    Attributes:
        letters: replacement → code of the original letter → log-share.
        inserted: sign → log-share of its occurrences that were inserted.
    """

    letters: Mapping[str, Mapping[int, float]]
    inserted: Mapping[str, float]

    @classmethod
    def of(cls, fitted: FittedState, codebook: Codebook) -> NoiseChannel:
        """Return the channel of the counts of `fit_noise_channel`."""
        letters: dict[str, dict[int, float]] = {}
        inserted: dict[str, float] = {}
        for replacement, originals in json.loads(fitted.texts["counts"]).items():
            counts: Counter[int] = Counter()
            for letter, count in originals.items():
                counts[codebook.code(letter) if letter else SKIP] += count
            logs = {code: math.log(count / counts.total()) for code, count in counts.items()}
            if SKIP in logs:
                inserted[replacement] = logs.pop(SKIP)
            letters[replacement] = logs
        return cls(letters, inserted)


def fit_noise_channel(replacements: Replacements) -> FittedState:
    """Count the original letters of each replacement; an inserted sign has the letter ""."""
    counts: dict[str, dict[str, int]] = {}
    for (letter, replacement), count in sorted(replacements.replaced.items()):
        counts.setdefault(replacement, {})[letter] = count
    for sign, count in sorted(replacements.inserted.items()):
        counts.setdefault(sign, {})[""] = count
    return FittedState({}, {"counts": json.dumps(counts, ensure_ascii=False)})
