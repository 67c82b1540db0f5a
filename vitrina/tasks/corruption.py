"""Applies noise to a split: its texts and the spans of its labeled words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vitrina.data.dataset import Split
from vitrina.noise.perturbation import Noise
from vitrina.text.words import Words


def corrupt_split(split: Split, words: Words, noise: Noise, epoch: int) -> Split:
    """Return `split` with the noise of `epoch`, with the spans of its labeled words mapped.

    Args:
        words: the words of its texts, as marked by `Noise.mark`.
    """
    indices = np.arange(len(split.texts))
    if split.words is None:
        return replace(split, texts=noise.corrupted(split.texts, words, indices, epoch))
    texts, moved = noise.corrupted_with(split.texts, words, split.words, indices, epoch)
    return replace(split, texts=texts, words=moved)
