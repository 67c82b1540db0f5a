"""The way of a text to the model: noise, then normaliser, then integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.data.dataset import Split
from vitrina.models.embedders.base import Embedder
from vitrina.models.inputs import Inputs
from vitrina.noise.corruption import Noise
from vitrina.text.columns import Texts
from vitrina.text.normalizers import Normalizer
from vitrina.text.words import Words
from vitrina.training.loop import TrainingTexts

VALIDATION_EPOCH = 2**31
"""The noise of validation texts is drawn in an epoch that no training reaches."""


@dataclass(frozen=True)
class NoisyTexts:
    """A split with the noise that is drawn over it.

    Attributes:
        split: the clean texts.
        words: their words, as the noise needs them.
        noise: draws the noise.
        normalizer: stands behind the noise, as it does in production.
    """

    split: Split
    words: Words
    noise: Noise
    normalizer: Normalizer

    @classmethod
    def of(cls, split: Split, noise: Noise, normalizer: Normalizer) -> NoisyTexts:
        return cls(split, noise.mark(split.texts), noise, normalizer)

    def corrupt(self, indices: np.ndarray, epoch: int) -> Texts:
        """The texts at `indices` with the noise of `epoch`; not normalised."""
        texts, words = self.split.texts.take(indices), self.words.take(indices)
        return self.noise.corrupted(texts, words, indices, epoch)

    def draw(self, epoch: int) -> Texts:
        """All texts with the noise of `epoch`, normalised."""
        indices = np.arange(len(self.split.texts))
        return self.normalizer(self.noise.corrupted(self.split.texts, self.words, indices, epoch))

    def for_training(self, embedder: Embedder) -> TrainingTexts:
        """Batches of these texts for a model with `embedder`."""

        def batch(indices: np.ndarray, epoch: int) -> tuple[Inputs, np.ndarray]:
            texts = self.normalizer(self.corrupt(indices, epoch))
            return embedder.encode(texts), self.split.labels[indices]

        return TrainingTexts(self.split.texts.lengths, batch)
