"""A trained model for use: `vitrina.load(run).predict(texts)`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vitrina import config as configuration
from vitrina.config import Config
from vitrina.errors import InputError
from vitrina.models.precision import autocast, choose_device
from vitrina.models.predictor import for_inference
from vitrina.models.word_predictions import WordPredictions
from vitrina.normalizers.build import OpenRun, build_normalizer
from vitrina.runs.provenance import require_same_runs
from vitrina.runs.record import recorded_hashes
from vitrina.state import FittedState
from vitrina.tasks.build import build_model, build_pipeline, build_recognition, build_task
from vitrina.tasks.ocr.recognizer import Recognizer
from vitrina.tasks.task_metrics import LabelMetrics
from vitrina.tasks.thresholds import read_thresholds
from vitrina.tasks.word_metrics import WordMetrics
from vitrina.text.batch import TextBatch
from vitrina.text.cleaning import clean
from vitrina.text.offsets import OffsetMap
from vitrina.training.checkpoints import load_weights


@dataclass(frozen=True)
class Prediction:
    """What a model says of one text; of a model that labels words, what it says of the word that
    is the surest to have a label.

    Attributes:
        score: with two classes the probability of the positive one; otherwise that of each class or
            label, by its name.
        label: the class that is said; with task=multilabel a list of all labels that are.
        probabilities: of each class or label, by its name.
        words: all words, of a model that labels words; otherwise None.
    """

    score: float | dict[str, float]
    label: str | list[str]
    probabilities: dict[str, float]
    words: tuple[PredictedWord, ...] | None = None

    def fields(self) -> dict[str, Any]:
        """What a file of predictions says: `score`, `label` and, if there are any, `words`."""
        fields = {"score": self.score, "label": self.label}
        return fields if self.words is None else fields | {"words": list(map(asdict, self.words))}


@dataclass(frozen=True)
class PredictedWord:
    """What a model says of one word.

    Attributes:
        word: its characters in the text as it was given, markup within it included.
        start, end: where they stand there.
        score, label: as those of a `Prediction`.
    """

    word: str
    start: int
    end: int
    score: float | dict[str, float]
    label: str


class TrainedModel:
    """A run's best model and all that stands before it.

    Args:
        folder: the folder of a run.
        device: auto, cpu, cuda or cuda:N.
        precision: auto, fp32 or bf16; None: that of the training.

    Attributes:
        pipeline: prepares cleaned texts (see `cleaned`) for the model.
        predictor: cleaned texts to what the task's scoring compares with the truth.

    Raises:
        InputError: if the folder is not that of a trained run, or its files are of another form.
    """

    def __init__(self, folder: Path, device: str = "auto", precision: str | None = None) -> None:
        self.config: Config = configuration.load(folder / "config.yaml")
        fitted = FittedState.load(folder / "state.safetensors")
        self.task = build_task(self.config, fitted)
        model = build_model(self.config, fitted, self.task)
        load_weights(folder / "checkpoints" / "best.safetensors", model)
        if self.task.waits_for_thresholds:
            self.task.use_thresholds(read_thresholds(folder, self.task.threshold_names))
        training = self.config.training
        multiplied = training.precision if precision is None else precision
        self.model = for_inference(model.to(choose_device(device)), multiplied)
        normalizer = build_normalizer(self.config.normalizer, recognizer_opener(device))
        if used := self.config.normalizer.runs_used():
            require_same_runs(used, recorded_hashes(folder))
        limits: dict[str, Any] = {
            "max_tokens": training.tokens_at_once(self.model.device.type),
            "precision": multiplied,
        }
        self.pipeline = build_pipeline(self.config, fitted, self.model, normalizer)
        self.predictor = self.task.predictor(self.model, self.pipeline, **limits)
        reading = build_recognition(self.config, fitted)
        self._recognizer: Recognizer | None = None
        if reading is not None:
            self._recognizer = Recognizer(self.model, self.pipeline, reading.symbols, **limits)
        self.folder = folder

    @property
    def label_names(self) -> list[str]:
        """Names of the classes or labels."""
        return self.task.label_names

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [num_texts, num_classes], in the order of `texts` and `label_names`.

        Any text will do: empty, of any length (cut as the training texts were), any characters.

        Raises:
            InputError: if the model was pre-trained alone, and says nothing.
        """
        self._require_labels()
        if not texts:
            return np.zeros((0, len(self.label_names)), dtype=np.float32)
        said = self.predictor(self.cleaned(texts))
        task_metrics = self.task.task_metrics
        if isinstance(said, WordPredictions):
            assert isinstance(task_metrics, WordMetrics)
            return np.stack([task_metrics.of_text(one) for one in said]).astype(np.float32)
        return said

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """What the model says of each text, in their order.

        Raises:
            InputError: if the model was pre-trained alone, and says nothing.
        """
        if isinstance(self.task.task_metrics, WordMetrics):
            return self._predict_words(texts)
        return [
            Prediction(probabilities=self._by_name(row), **self.task.task_metrics.fields(row))
            for row in self.probabilities(texts)
        ]

    @property
    def recognizer(self) -> Recognizer:
        """What reads texts, which are neither cleaned nor cut.

        Raises:
            InputError: if the model does not read.
        """
        if self._recognizer is None:
            raise InputError(
                f"{self.folder}: this model does not recognize text; train one with ocr=ctc"
            )
        return self._recognizer

    def recognize(self, texts: Sequence[str]) -> list[str]:
        """What the model reads in each text, in their order.

        Raises:
            InputError: if the model does not read.
        """
        return self.recognizer(self.cleaned(texts)).to_strings()

    def deobfuscate(self, texts: Sequence[str]) -> list[str]:
        """Return texts, cleaned and normalized but not cut, with disguised words in plain letters.

        Raises:
            InputError: if the run has no deobfuscator.
        """
        cleaned = [clean(text, self.config.dataset.cleaning).text for text in texts]
        return self.deobfuscated(TextBatch.from_strings(cleaned)).to_strings()

    def deobfuscated(self, texts: TextBatch) -> TextBatch:
        """Return cleaned texts, normalized, with disguised words in plain letters.

        Raises:
            InputError: if the run has no deobfuscator.
        """
        deobfuscator = self.pipeline.deobfuscator
        if deobfuscator is None:
            raise InputError(
                f"{self.folder}: must be a run with a deobfuscator; train one with "
                "deobfuscator=words"
            )
        return deobfuscator(self.pipeline.normalizer(texts)).text()

    def cleaned(self, texts: Sequence[str]) -> TextBatch:
        """Texts cleaned and cut as those of the training were."""
        return TextBatch.from_strings(self._clean(texts)[0])

    def normalized(self, texts: TextBatch) -> TextBatch:
        """Return cleaned texts as the tokenizer of the model gets them."""
        return self.pipeline(texts)

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision in which the model works."""
        return autocast(self.predictor.precision, self.device)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.device

    def _predict_words(self, texts: Sequence[str]) -> list[Prediction]:
        task_metrics = self.task.task_metrics
        assert isinstance(task_metrics, WordMetrics)
        cleaned, ways_back = self._clean(texts)
        said = self.predictor(TextBatch.from_strings(cleaned)) if texts else []
        predictions = []
        for text, back, one in zip(texts, ways_back, said, strict=True):
            fields = task_metrics.fields(one)
            words = []
            for word in fields.pop("words"):
                start, end = back.to_original(word["start"], word["end"])
                words.append(
                    PredictedWord(text[start:end], start, end, word["score"], word["label"])
                )
            probabilities = self._by_name(task_metrics.of_text(one))
            predictions.append(
                Prediction(probabilities=probabilities, words=tuple(words), **fields)
            )
        return predictions

    def _require_labels(self) -> None:
        if not isinstance(self.task.task_metrics, LabelMetrics):
            raise InputError(
                f"{self.folder}: this model was pre-trained and predicts no labels; "
                f"model.init_from={self.folder} starts a training from it"
            )

    def _clean(self, texts: Sequence[str]) -> tuple[list[str], list[OffsetMap]]:
        """The texts as those of the training were cleaned and cut, and the ways back."""
        settings = self.config.dataset
        cleaned = [clean(text, settings.cleaning) for text in texts]
        cut = [each.text[: settings.max_length] for each in cleaned]
        return cut, [each.offsets for each in cleaned]

    def _by_name(self, probabilities: np.ndarray) -> dict[str, float]:
        return {name: float(p) for name, p in zip(self.label_names, probabilities, strict=True)}


def load(folder: str | Path, device: str = "auto") -> TrainedModel:
    """The best model of the run in `folder`.

    Raises:
        InputError: if the folder is not that of a trained run.
    """
    return TrainedModel(Path(folder), device)


def recognizer_opener(device: str) -> OpenRun:
    """Return a function that opens the folder of a run with ocr=ctc, for `build_normalizer`."""
    return lambda folder: load(folder, device).recognizer
