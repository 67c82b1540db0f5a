"""What all rows of the benchmark share: texts, device, repetitions, the models already built."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from vitrina.benchmark.subject import Subject, settings
from vitrina.benchmark.timing import Timing, Work, interleaved
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.models.precision import choose_device


@dataclass
class Bench:
    """The circumstances of a benchmark.

    Attributes:
        data: jsonl file with the comments; None: the demo corpus.
        device_name: auto, cpu, cuda or cuda:N.
        repetitions: of the turn forth and back in which two pieces of work are timed.
        num_texts: texts in the batches on which training steps are compared.
        num_lines: lines of the generated file of the row `data`.
    """

    data: Path | None
    device_name: str = "auto"
    repetitions: int = 5
    num_texts: int = 32
    num_lines: int = 1_000_000
    _subjects: dict[tuple[str, ...], Subject] = field(default_factory=dict)

    @cached_property
    def device(self) -> torch.device:
        return choose_device(self.device_name)

    @cached_property
    def dataset(self) -> Dataset:
        config = settings(self.data)
        return load_dataset(config.dataset, config.seed)

    def overrides(self, *overrides: str) -> list[str]:
        return [f"device={self.device}", *overrides]

    def subject(self, *overrides: str) -> Subject:
        """What these settings build, once; its weights may have been trained by other rows."""
        if overrides not in self._subjects:
            config = settings(self.data, self.overrides(*overrides))
            self._subjects[overrides] = Subject.build(config, self.dataset)
        return self._subjects[overrides]

    def time(self, *works: Work, repetitions: int | None = None) -> list[Timing]:
        return interleaved(works, self.device, repetitions or self.repetitions)

    def random_batch(self, size: int, seed: int = 0) -> np.ndarray:
        """int64 [size]: training texts as a loader without buckets would draw them."""
        lengths = self.dataset.train.texts.lengths
        size = min(size, len(lengths))
        return np.random.default_rng(seed).choice(len(lengths), size, replace=False)

    def usual_batch(self, size: int) -> np.ndarray:
        """The one among 101 random batches that padding blows up as much as the median."""
        lengths = self.dataset.train.texts.lengths
        batches = [self.random_batch(size, seed) for seed in range(101)]
        order = np.argsort([lengths[batch].max() for batch in batches], kind="stable")
        return batches[order[50]]

    def equal_batch(self, size: int) -> np.ndarray:
        """Texts whose lengths are nearest to the mean."""
        lengths = self.dataset.train.texts.lengths
        return np.argsort(np.abs(lengths - lengths.mean()), kind="stable")[:size]
