"""Noisy batches of a split: noise, then all stages of a text pipeline."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vitrina.data.dataset import Split
from vitrina.models.prepare import TextPipeline
from vitrina.models.token_batch import TokenBatch
from vitrina.noise.corpus import Corpus
from vitrina.noise.perturbation import Noise
from vitrina.noise.replacements import Replacements
from vitrina.normalizers.base import Normalizer
from vitrina.tasks.base import Sample, Task
from vitrina.tasks.corruption import corrupt_split
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.targets import Targets
from vitrina.tasks.training_source import TrainingSource
from vitrina.text.batch import TextBatch
from vitrina.text.words import Words

VALIDATION_EPOCH = 2**31
"""Epoch of the noise of validation texts, which no training reaches."""
SECOND_VIEW_EPOCH = 2**32
"""Added to the epoch for the noise of the second views of training texts."""


@dataclass(frozen=True)
class NoisyTexts:
    """A split with its noise.

    Attributes:
        split: the clean texts.
        words: their words, as marked by `Noise.mark`.
        noise: perturbs the texts.
        normalizer: applied after the noise.
    """

    split: Split
    words: Words
    noise: Noise
    normalizer: Normalizer

    @classmethod
    def of(cls, split: Split, noise: Noise, normalizer: Normalizer) -> NoisyTexts:
        return cls(split, noise.mark(split.texts), noise, normalizer)

    def corrupt(self, indices: np.ndarray, epoch: int) -> TextBatch:
        """Return the texts at `indices` with the noise of `epoch`, not normalized."""
        texts, words = self.split.texts.take(indices), self.words.take(indices)
        return self.noise.corrupted(texts, words, indices, epoch)

    def noisy(self, epoch: int) -> Split:
        """Return the split with the noise of `epoch`, not normalized."""
        return corrupt_split(self.split, self.words, self.noise, epoch)

    def draw(self, epoch: int) -> TextBatch:
        """Return all texts with the noise of `epoch`, normalized."""
        indices = np.arange(len(self.split.texts))
        return self.normalizer(self.noise.corrupted(self.split.texts, self.words, indices, epoch))

    def corpus(self) -> Corpus:
        """Return the corpus that components are fitted on."""
        clean = self.normalizer(self.split.texts)
        return Corpus(clean, lambda: self.draw(0), lambda: self.replacements(0))

    def replacements(self, epoch: int) -> Replacements:
        """Return the replacements of letters in the noise of `epoch`, before the normalizer."""
        indices = np.arange(len(self.split.texts))
        return self.noise.replacements(self.split.texts, self.words, indices, epoch)

    def sample(self, indices: np.ndarray, epoch: int) -> Sample:
        """Return the texts at `indices` as a sample with the noise of `epoch`."""
        texts, words = self.split.texts.take(indices), self.words.take(indices)
        noisy = self.noise(texts, words, indices, epoch)
        shown = self.normalizer(noisy.texts)
        return Sample(self.split, indices, noisy, shown, self.normalizer)

    def clean(self, indices: np.ndarray) -> TextBatch:
        """Return the texts at `indices` without noise, normalized."""
        return self.normalizer(self.split.texts.take(indices))

    def for_training(
        self,
        pipeline: TextPipeline,
        task: Task,
        reading: Recognition | None = None,
        second_view: str | None = None,
    ) -> TrainingSource:
        """Return a source of tokenized batches of these texts, with targets.

        Args:
            pipeline: prepares the texts.
            second_view: second view of each text in a batch: `clean`, or `noisy` (perturbed again
                with other noise); None: no second view.
        """

        texts = replace(self, normalizer=pipeline)

        def batch(indices: np.ndarray, epoch: int) -> tuple[TokenBatch, Targets]:
            sample = texts.sample(indices, epoch)
            shown, targets = sample.shown, task.targets(sample)
            rows = np.arange(len(indices))
            if second_view is not None:
                other = texts._second_view(second_view, indices, epoch)
                shown, rows = TextBatch.join([shown, other]), np.tile(rows, 2)
                targets = targets.take(rows)
            if reading is not None:
                readings = reading.targets(lambda: texts.clean(indices[rows]), shown)
                targets = replace(targets, readings=readings)
            return pipeline.tokenize(shown), targets

        return TrainingSource(self.split.texts.lengths, batch)

    def _second_view(self, view: str, indices: np.ndarray, epoch: int) -> TextBatch:
        if view == "clean":
            return self.clean(indices)
        return self.sample(indices, SECOND_VIEW_EPOCH + epoch).shown
