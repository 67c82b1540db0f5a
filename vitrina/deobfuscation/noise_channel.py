"""A noise channel: which letters the training noise replaces by what.

Keys, sounds and sequences replace letters that they do not resemble (`d` for `д`, `sch` for `щ`,
`*` for any). The replacements of the training noise are counted; other look-alikes are recognized
by their pictures.
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
    """What noise has put in place of letters.

    Attributes:
        meant: a replacement → codes of the letters that it stood for, with the logarithms of
            their shares.
        inserted: a sign → the logarithm of the share of its occurrences that stood for nothing.
    """

    meant: Mapping[str, Mapping[int, float]]
    inserted: Mapping[str, float]

    @classmethod
    def of(cls, fitted: FittedState, codebook: Codebook) -> NoiseChannel:
        """What `fit_noise_channel` counted, in codes."""
        counted = json.loads(fitted.texts["counts"])
        meant: dict[str, dict[int, float]] = {}
        inserted: dict[str, float] = {}
        for put, stood_for in counted.items():
            counts: Counter[int] = Counter()
            for letter, count in stood_for.items():
                counts[codebook.code(letter) if letter else SKIP] += count
            logs = {code: math.log(count / counts.total()) for code, count in counts.items()}
            if SKIP in logs:
                inserted[put] = logs.pop(SKIP)
            meant[put] = logs
        return cls(meant, inserted)


def fit_noise_channel(replacements: Replacements) -> FittedState:
    """Count what each replacement stood for: a letter, or nothing where it was inserted."""
    counts: dict[str, dict[str, int]] = {}
    for (letter, put), count in sorted(replacements.replaced.items()):
        counts.setdefault(put, {})[letter] = count
    for put, count in sorted(replacements.inserted.items()):
        counts.setdefault(put, {})[""] = count
    return FittedState({}, {"counts": json.dumps(counts, ensure_ascii=False)})
