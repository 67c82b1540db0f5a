"""Builds benchmark targets: a model of a preset on real texts, with all parts of a run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from vitrina.config import Config, compose_config
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.inference.load import recognizer_opener
from vitrina.models.compiling import compile_parts
from vitrina.models.model import Model
from vitrina.models.precision import choose_device
from vitrina.models.prepare import TextPipeline
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.state import FittedState
from vitrina.tasks.base import Task
from vitrina.tasks.build import (
    build_background,
    build_model,
    build_pipeline,
    build_recognition,
    build_task,
    fit,
)
from vitrina.tasks.noisy_split import NoisyTexts
from vitrina.training.consistency import training_loss
from vitrina.training.loop import Training

from .timing import Timing, Work, interleaved


def settings(data: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Compose the configuration of a run on a jsonl file of comments, or on the demo corpus."""
    source = [] if data is None else ["dataset=jsonl", f"dataset.train={_quoted(data)}"]
    return compose_config([*source, "tracking=none", *overrides])


def _quoted(path: Path) -> str:
    return "'" + str(path.absolute()).replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass(frozen=True)
class BenchmarkTarget:
    """A training before its first step.

    Attributes:
        config, fitted: configuration and fitted state.
        task, model, pipeline, training: as in a run. Single steps write no files.
        train: training texts with their noise.
        device: of the model.
    """

    config: Config
    fitted: FittedState
    task: Task
    model: Model
    pipeline: TextPipeline
    training: Training
    train: NoisyTexts
    device: torch.device

    @classmethod
    def build(cls, config: Config, dataset: Dataset | None = None) -> BenchmarkTarget:
        """Build all parts of a run on `dataset`, by default the dataset of the configuration."""
        dataset = dataset or load_dataset(config.dataset, config.seed, config.task.label_rules())
        normalizer = build_normalizer(config.normalizer, recognizer_opener(config.device))
        train = NoisyTexts.of(dataset.train, build_noise(config.noise, config.seed), normalizer)
        fitted = fit(config, dataset, train.corpus())
        task, recognition = build_task(config, fitted), build_recognition(config, fitted)
        device = choose_device(config.device)
        model = build_model(config, fitted, task).to(device)
        model.load_pretrained()
        if config.training.compile:
            compile_parts(model)
        pipeline = build_pipeline(config, fitted, model, normalizer)
        with tempfile.TemporaryDirectory() as folder:
            training = Training(
                config.training,
                config.optimizer,
                model,
                training_loss(config.training, task),
                train.for_training(
                    pipeline,
                    task,
                    recognition,
                    config.training.second_view,
                    build_background(config, dataset, task),
                ),
                lambda: {"score": 0.0},
                folder=Path(folder),
                seed=config.seed,
                reading=recognition,
            )
        model.train()
        return cls(config, fitted, task, model, pipeline, training, train, device)

    def step(self, indices: np.ndarray) -> None:
        """Take one training step on the texts at `indices`, from noise to updated weights."""
        self.training.step(self.training.prepare(indices, 0))


@dataclass
class Bench:
    """Texts, device and targets that all rows of the benchmark share.

    Attributes:
        data: jsonl file of comments; None: the demo corpus.
        device_name: auto, cpu, cuda or cuda:N.
        repetitions: number of sequences A B B A in which functions are timed.
        num_texts: number of texts in compared batches.
    """

    data: Path | None
    device_name: str = "auto"
    repetitions: int = 5
    num_texts: int = 32
    _targets: dict[tuple[str, ...], BenchmarkTarget] = field(default_factory=dict)

    @cached_property
    def device(self) -> torch.device:
        return choose_device(self.device_name)

    @cached_property
    def dataset(self) -> Dataset:
        config = settings(self.data)
        return load_dataset(config.dataset, config.seed)

    def target(self, *overrides: str) -> BenchmarkTarget:
        """Return a cached target. Earlier rows may have trained its weights."""
        if overrides not in self._targets:
            config = settings(self.data, [f"device={self.device}", *overrides])
            self._targets[overrides] = BenchmarkTarget.build(config, self.dataset)
        return self._targets[overrides]

    def time(self, *works: Work, repetitions: int | None = None) -> list[Timing]:
        return interleaved(works, self.device, repetitions or self.repetitions)

    def random_batch(self, size: int, seed: int = 0) -> np.ndarray:
        """Return indices of random training texts, as without length buckets, int64 [size]."""
        lengths = self.dataset.train.texts.lengths
        size = min(size, len(lengths))
        return np.random.default_rng(seed).choice(len(lengths), size, replace=False)

    def usual_batch(self, size: int) -> np.ndarray:
        """Return the batch of 101 random ones whose longest text has the median length."""
        lengths = self.dataset.train.texts.lengths
        batches = [self.random_batch(size, seed) for seed in range(101)]
        order = np.argsort([lengths[batch].max() for batch in batches], kind="stable")
        return batches[order[50]]

    def equal_batch(self, size: int) -> np.ndarray:
        """Return the texts whose lengths are nearest to the mean."""
        lengths = self.dataset.train.texts.lengths
        return np.argsort(np.abs(lengths - lengths.mean()), kind="stable")[:size]
