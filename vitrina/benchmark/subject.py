"""What is measured: a model of a preset on real texts, with everything around it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vitrina.config import Config, compose_config
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.models.compiling import compile_parts
from vitrina.models.model import Model
from vitrina.models.precision import choose_device
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.state import FittedState
from vitrina.tasks.base import Task
from vitrina.tasks.build import build_model, build_reading, build_task, fit
from vitrina.tasks.noisy_split import NoisyTexts
from vitrina.training.consistency import training_loss
from vitrina.training.loop import Training


def settings(data: Path | None, overrides: Sequence[str] = ()) -> Config:
    """The configuration of a preset on a jsonl file of comments, or on the demo corpus."""
    source = [] if data is None else ["dataset=jsonl", f"dataset.train={_quoted(data)}"]
    return compose_config([*source, "tracking=none", *overrides])


def _quoted(path: Path) -> str:
    return "'" + str(path.absolute()).replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass(frozen=True)
class Subject:
    """A training that stands before its first step.

    Attributes:
        config: what was built.
        artefacts: what was fitted.
        task, model, training: as in a run; the training writes nothing while it only steps.
        train: the training texts with their noise.
        device: where the model is.
    """

    config: Config
    fitted: FittedState
    task: Task
    model: Model
    training: Training
    train: NoisyTexts
    device: torch.device

    @classmethod
    def build(cls, config: Config, dataset: Dataset | None = None) -> Subject:
        """Everything a run builds, on the `dataset` of the configuration unless one is given."""
        dataset = dataset or load_dataset(config.dataset, config.seed, config.task.label_rules())
        normalizer = build_normalizer(config.normalizer)
        train = NoisyTexts.of(dataset.train, build_noise(config.noise, config.seed), normalizer)
        clean = normalizer(dataset.train.texts)
        fitted = fit(config, dataset, clean, lambda: train.draw(0), lambda: train.replacements(0))
        task, reading = build_task(config, fitted), build_reading(config, fitted)
        device = choose_device(config.device)
        model = build_model(config, fitted, task).to(device)
        model.load_pretrained()
        if config.training.compile:
            compile_parts(model)
        with tempfile.TemporaryDirectory() as folder:
            training = Training(
                config.training,
                config.optimizer,
                model,
                training_loss(config.training, task),
                train.for_training(model.embedder, task, reading, config.training.second_view),
                lambda: {"score": 0.0},
                folder=Path(folder),
                seed=config.seed,
                reading=reading,
            )
        model.train()
        return cls(config, fitted, task, model, training, train, device)

    def step(self, indices: np.ndarray) -> None:
        """One training step on the texts at `indices`, from the noise to the new weights."""
        self.training.step(self.training.prepare(indices, 0))
