"""A trained model for use: `vitrina.load(run).predict(texts)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitrina import config as configuration
from vitrina.config import Config
from vitrina.models.artefacts import Artefacts
from vitrina.models.build import build_model, build_task
from vitrina.models.inference import Predictor, for_inference
from vitrina.models.precision import choose_device
from vitrina.normalizers.build import build_normalizer
from vitrina.tasks.thresholds import read_thresholds
from vitrina.text.cleaning import clean
from vitrina.text.columns import Texts
from vitrina.training.checkpoints import load_weights


@dataclass(frozen=True)
class Prediction:
    """What a model says of one text.

    Attributes:
        score: with two classes the probability of the positive one; otherwise that of each class or
            label, by its name.
        label: the class that is said; with task=multilabel a list of all labels that are.
        probabilities: of each class or label, by its name.
    """

    score: float | dict[str, float]
    label: str | list[str]
    probabilities: dict[str, float]


class TrainedModel:
    """A run's best model and all that stands before it.

    Args:
        folder: the folder of a run.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        InputError: if the folder is not that of a trained run, or its files are of another form.
    """

    def __init__(self, folder: Path, device: str = "auto") -> None:
        self.config: Config = configuration.load(folder / "config.yaml")
        artefacts = Artefacts.load(folder / "artefacts.safetensors")
        self.task = build_task(self.config, artefacts)
        model = build_model(self.config, artefacts, self.task)
        load_weights(folder / "checkpoints" / "best.safetensors", model)
        if self.task.waits_for_thresholds:
            self.task.use_thresholds(read_thresholds(folder, self.task.threshold_names))
        training = self.config.training
        self.model = for_inference(model.to(choose_device(device)), training.precision)
        self._predictor = Predictor(
            self.model,
            build_normalizer(self.config.normalizer),
            self.task.probabilities,
            max_tokens=training.max_tokens,
            precision=training.precision,
        )

    @property
    def label_names(self) -> list[str]:
        """Names of the classes or labels."""
        return self.task.label_names

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [num_texts, num_classes], in the order of `texts` and `label_names`.

        Any text will do: empty, of any length (cut as the training texts were), any characters.
        """
        settings = self.config.dataset
        cleaned = [clean(text, settings.cleaning).text[: settings.max_length] for text in texts]
        if not cleaned:
            return np.zeros((0, len(self.label_names)), dtype=np.float32)
        return self._predictor(Texts.from_strings(cleaned))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """What the model says of each text, in their order."""
        return [self._prediction(row) for row in self.probabilities(texts)]

    def _prediction(self, probabilities: np.ndarray) -> Prediction:
        by_name = {name: float(p) for name, p in zip(self.label_names, probabilities, strict=True)}
        return Prediction(probabilities=by_name, **self.task.scoring.fields(probabilities))


def load(folder: str | Path, device: str = "auto") -> TrainedModel:
    """The best model of the run in `folder`.

    Raises:
        InputError: if the folder is not that of a trained run.
    """
    return TrainedModel(Path(folder), device)
