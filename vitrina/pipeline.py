"""The way of a text to the model: noise, then normaliser, then integers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vitrina.data.dataset import Split
from vitrina.evaluation.suites import corrupt_split
from vitrina.models.embedders.base import Embedder
from vitrina.models.inputs import Inputs
from vitrina.noise.corruption import Noise
from vitrina.normalizers.base import Normalizer
from vitrina.ocr.reading import Reading
from vitrina.tasks.base import Sample, Task
from vitrina.tasks.targets import Targets
from vitrina.text.columns import Texts
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

    def noisy(self, epoch: int) -> Split:
        """The split with the noise of `epoch`; not normalised."""
        return corrupt_split(self.split, self.words, self.noise, epoch)

    def draw(self, epoch: int) -> Texts:
        """All texts with the noise of `epoch`, normalised."""
        indices = np.arange(len(self.split.texts))
        return self.normalizer(self.noise.corrupted(self.split.texts, self.words, indices, epoch))

    def sample(self, indices: np.ndarray, epoch: int) -> Sample:
        """The texts at `indices`, a batch of them, with the noise of `epoch`."""
        texts, words = self.split.texts.take(indices), self.words.take(indices)
        noisy = self.noise(texts, words, indices, epoch)
        shown = self.normalizer(noisy.texts)
        return Sample(self.split, indices, noisy, shown, self.normalizer)

    def clean(self, indices: np.ndarray) -> Texts:
        """The texts at `indices` without noise, normalised."""
        return self.normalizer(self.split.texts.take(indices))

    def for_training(
        self, embedder: Embedder, task: Task, reading: Reading | None = None
    ) -> TrainingTexts:
        """Batches of these texts for a model with `embedder`, and what is asked of them."""

        def batch(indices: np.ndarray, epoch: int) -> tuple[Inputs, Targets]:
            sample = self.sample(indices, epoch)
            targets = task.targets(sample)
            if reading is not None:
                readings = reading.targets(lambda: self.clean(indices), sample.shown)
                targets = replace(targets, readings=readings)
            return embedder.encode(sample.shown), targets

        return TrainingTexts(self.split.texts.lengths, batch)
