"""A split on its way to the model: noise, then all stages of a text pipeline."""

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
"""The noise of validation texts is drawn in an epoch that no training reaches."""
SECOND_VIEW_EPOCH = 2**32
"""So are second views of training texts, in an epoch of their own for each epoch."""


@dataclass(frozen=True)
class NoisyTexts:
    """A split with the noise that is drawn over it.

    Attributes:
        split: the clean texts.
        words: their words, as the noise needs them.
        noise: draws the noise.
        normalizer: follows the noise, as it does in production.
    """

    split: Split
    words: Words
    noise: Noise
    normalizer: Normalizer

    @classmethod
    def of(cls, split: Split, noise: Noise, normalizer: Normalizer) -> NoisyTexts:
        return cls(split, noise.mark(split.texts), noise, normalizer)

    def corrupt(self, indices: np.ndarray, epoch: int) -> TextBatch:
        """The texts at `indices` with the noise of `epoch`; not normalised."""
        texts, words = self.split.texts.take(indices), self.words.take(indices)
        return self.noise.corrupted(texts, words, indices, epoch)

    def noisy(self, epoch: int) -> Split:
        """The split with the noise of `epoch`; not normalised."""
        return corrupt_split(self.split, self.words, self.noise, epoch)

    def draw(self, epoch: int) -> TextBatch:
        """All texts with the noise of `epoch`, normalised."""
        indices = np.arange(len(self.split.texts))
        return self.normalizer(self.noise.corrupted(self.split.texts, self.words, indices, epoch))

    def corpus(self) -> Corpus:
        """Return what components are fitted on."""
        clean = self.normalizer(self.split.texts)
        return Corpus(clean, lambda: self.draw(0), lambda: self.replacements(0))

    def replacements(self, epoch: int) -> Replacements:
        """What the noise of `epoch` puts in place of letters; before the normaliser."""
        indices = np.arange(len(self.split.texts))
        return self.noise.replacements(self.split.texts, self.words, indices, epoch)

    def sample(self, indices: np.ndarray, epoch: int) -> Sample:
        """The texts at `indices`, a batch of them, with the noise of `epoch`."""
        texts, words = self.split.texts.take(indices), self.words.take(indices)
        noisy = self.noise(texts, words, indices, epoch)
        shown = self.normalizer(noisy.texts)
        return Sample(self.split, indices, noisy, shown, self.normalizer)

    def clean(self, indices: np.ndarray) -> TextBatch:
        """The texts at `indices` without noise, normalised."""
        return self.normalizer(self.split.texts.take(indices))

    def for_training(
        self,
        pipeline: TextPipeline,
        task: Task,
        reading: Recognition | None = None,
        second_view: str | None = None,
    ) -> TrainingSource:
        """Return batches of these texts for a model, and its targets.

        Args:
            pipeline: prepares the texts.
            second_view: what each batch holds beside the noisy texts: the `clean` ones, or `noisy`
                ones with noise that is drawn a second time.
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
