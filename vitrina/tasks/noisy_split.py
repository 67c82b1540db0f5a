"""Noisy batches of a split: noise, then all stages of a text pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from vitrina.data.background import Background
from vitrina.data.dataset import Split
from vitrina.models.predictor import Predictor
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
        first: number of the first text, a key of its noise.
    """

    split: Split
    words: Words
    noise: Noise
    normalizer: Normalizer
    first: int = 0

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
        noisy = self.noise(texts, words, indices + self.first, epoch)
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
        background: Background | None = None,
        predictor: Predictor | None = None,
    ) -> TrainingSource:
        """Return a source of tokenized batches of these texts, with targets.

        Args:
            pipeline: prepares the texts.
            second_view: second view of each text in a batch: `clean`, or `noisy` (perturbed again
                with other noise); None: no second view.
            background: source of further texts, whose indices follow those of this split. In a
                batch they follow the others.
            predictor: of the model in training; only for `Background.mine`.
        """
        texts = replace(self, normalizer=pipeline)
        noise = self.noise.in_every_word()  # many background texts are single words
        count = len(self.split)

        @lru_cache(maxsize=2)  # prefetching may need the next epoch
        def further(epoch: int) -> NoisyTexts:
            assert background is not None
            drawn = background.draw(epoch)
            return NoisyTexts(drawn, noise.mark(drawn.texts), noise, pipeline, count)

        def lengths(epoch: int) -> np.ndarray:
            own = self.split.texts.lengths
            if background is None:
                return own
            return np.append(own, further(epoch).split.texts.lengths)

        def sources(indices: np.ndarray, epoch: int) -> Iterator[tuple[NoisyTexts, np.ndarray]]:
            own = indices < count
            if own.any():
                yield texts, indices[own]
            if not own.all():
                yield further(epoch), indices[~own] - count

        def targets(sample: Sample, source: NoisyTexts) -> Targets:
            found = task.targets(sample)
            if background is None:
                return found
            if source is texts:
                return Targets.weighted(found.labels, 1.0, 0.0)
            return Targets.weighted(found.labels, background.weight, background.shift)

        def batch(indices: np.ndarray, epoch: int) -> tuple[TokenBatch, Targets]:
            parts = list(sources(indices, epoch))
            samples = [source.sample(own, epoch) for source, own in parts]
            shown = TextBatch.join([sample.shown for sample in samples])
            found = [targets(s, source) for s, (source, _) in zip(samples, parts, strict=True)]
            joined = found[0] if len(found) == 1 else Targets.join(found)
            rows = np.arange(len(indices))
            if second_view is not None:
                second = [source._second_view(second_view, own, epoch) for source, own in parts]
                shown, rows = TextBatch.join([shown, *second]), np.tile(rows, 2)
                joined = joined.take(rows)
            if reading is not None:
                clean = [partial(source.clean, own) for source, own in parts]
                readings = reading.targets(
                    lambda: TextBatch.join([each() for each in clean]).take(rows), shown
                )
                joined = replace(joined, readings=readings)
            return pipeline.tokenize(shown), joined

        if background is None or not background.mines:
            return TrainingSource(lengths, batch)

        def mine(epoch: int) -> list[str]:
            assert predictor is not None
            return background.mine(epoch, predictor)

        def use_mined(words: Sequence[str]) -> None:
            background.mined = words
            further.cache_clear()

        return TrainingSource(lengths, batch, mine, use_mined)

    def _second_view(self, view: str, indices: np.ndarray, epoch: int) -> TextBatch:
        if view == "clean":
            return self.clean(indices)
        return self.sample(indices, SECOND_VIEW_EPOCH + epoch).shown
