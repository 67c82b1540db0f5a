"""Loads a trained model for inference: `vitrina.load(run).predict(texts)`."""

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
from vitrina.tasks.review import ReviewThresholds, read_review_thresholds
from vitrina.tasks.task_metrics import LabelMetrics
from vitrina.tasks.thresholds import read_thresholds
from vitrina.tasks.word_metrics import WordMetrics
from vitrina.text.batch import TextBatch
from vitrina.text.cleaning import clean
from vitrina.text.offsets import OffsetMap
from vitrina.training.checkpoints import load_weights


@dataclass(frozen=True)
class Prediction:
    """Prediction for one text.

    With task=labeling, score and label are those of the word with the highest score.

    Attributes:
        score: probability of the positive class if there are two classes; otherwise the
            probability of each class or label, by name.
        label: predicted class; with task=multilabel the list of predicted labels.
        probabilities: of each class or label, by name.
        unread: share of the text's glyphs, blanks aside, that were not read; 1 for an empty text.
        unsupported: share of its letters that are of a script, or in a word, that the training
            texts do not hold.
        review: whether a person should decide, because `unread` or `unsupported` is high.
        words: all words with task=labeling; otherwise None.
    """

    score: float | dict[str, float]
    label: str | list[str]
    probabilities: dict[str, float]
    unread: float
    unsupported: float
    review: bool
    words: tuple[PredictedWord, ...] | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields of a prediction file: all but `probabilities`, and `words` if any."""
        names = ("score", "label", "unread", "unsupported", "review")
        fields = {name: getattr(self, name) for name in names}
        return fields if self.words is None else fields | {"words": list(map(asdict, self.words))}


@dataclass(frozen=True)
class PredictedWord:
    """Prediction for one word.

    Attributes:
        word: its characters in the original text, including markup inside it.
        start, end: range of these characters in the original text, end exclusive.
        score, label: as in `Prediction`.
    """

    word: str
    start: int
    end: int
    score: float | dict[str, float]
    label: str


class TrainedModel:
    """The best model of a run, with its text pipeline.

    Args:
        folder: of the run.
        device: auto, cpu, cuda or cuda:N.
        precision: auto, fp32 or bf16; None: that of the training.

    Attributes:
        pipeline: prepares cleaned texts (see `cleaned`) for the model.
        predictor: maps cleaned texts to the predictions that the task's metrics use.
        review_thresholds: of human review; None if the model predicts no labels.

    Raises:
        InputError: if the folder does not contain a trained run, or a file has another format.
    """

    def __init__(self, folder: Path, device: str = "auto", precision: str | None = None) -> None:
        self.config: Config = configuration.load(folder / "config.yaml")
        fitted = FittedState.load(folder / "state.safetensors")
        self.task = build_task(self.config, fitted)
        model = build_model(self.config, fitted, self.task)
        load_weights(folder / "checkpoints" / "best.safetensors", model)
        if self.task.waits_for_thresholds:
            self.task.use_thresholds(read_thresholds(folder, self.task.threshold_names))
        self.review_thresholds: ReviewThresholds | None = None
        if isinstance(self.task.task_metrics, LabelMetrics):
            self.review_thresholds = read_review_thresholds(folder)
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
        recognition = build_recognition(self.config, fitted)
        self._recognizer: Recognizer | None = None
        if recognition is not None:
            self._recognizer = Recognizer(self.model, self.pipeline, recognition.symbols, **limits)
        self.folder = folder

    @property
    def label_names(self) -> list[str]:
        """Names of the classes or labels."""
        return self.task.label_names

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities, float32 [num_texts, num_classes], in the order of `label_names`.

        Texts may be empty, contain any character and have any length. They are cut as in training.

        Raises:
            InputError: if the model was only pre-trained and predicts no labels.
        """
        self._require_labels()
        return self._probabilities(self.cleaned(texts))

    def _probabilities(self, texts: TextBatch) -> np.ndarray:
        if not len(texts):
            return np.zeros((0, len(self.label_names)), dtype=np.float32)
        predicted = self.predictor(texts)
        task_metrics = self.task.task_metrics
        if isinstance(predicted, WordPredictions):
            assert isinstance(task_metrics, WordMetrics)
            return np.stack([task_metrics.of_text(one) for one in predicted]).astype(np.float32)
        return predicted

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return a prediction for each text.

        Raises:
            InputError: if the model was only pre-trained and predicts no labels.
        """
        self._require_labels()
        if isinstance(self.task.task_metrics, WordMetrics):
            return self._predict_words(texts)
        cleaned = self.cleaned(texts)
        rows = zip(self._probabilities(cleaned), self._coverage(cleaned), strict=True)
        return [
            Prediction(
                probabilities=self._by_name(row), **self.task.task_metrics.fields(row), **coverage
            )
            for row, coverage in rows
        ]

    @property
    def recognizer(self) -> Recognizer:
        """Recognizer of texts, which it neither cleans nor cuts.

        Raises:
            InputError: if the model does not recognize text.
        """
        if self._recognizer is None:
            raise InputError(
                f"{self.folder}: this model does not recognize text; train one with ocr=ctc"
            )
        return self._recognizer

    def recognize(self, texts: Sequence[str]) -> list[str]:
        """Return the text that the model recognizes in each drawn text.

        Raises:
            InputError: if the model does not recognize text.
        """
        return self.recognizer(self.cleaned(texts)).to_strings()

    def deobfuscate(self, texts: Sequence[str]) -> list[str]:
        """Clean, normalize and deobfuscate texts, without cutting them.

        Raises:
            InputError: if the run has no deobfuscator.
        """
        cleaned = [clean(text, self.config.dataset.cleaning).text for text in texts]
        return self.deobfuscated(TextBatch.from_strings(cleaned)).to_strings()

    def deobfuscated(self, texts: TextBatch) -> TextBatch:
        """Normalize and deobfuscate cleaned texts.

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
        """Clean and cut texts as in training."""
        return TextBatch.from_strings(self._clean(texts)[0])

    def review(self, texts: TextBatch) -> np.ndarray:
        """Return bool [num_texts], which cleaned texts a person should decide.

        Raises:
            InputError: if the model was only pre-trained and predicts no labels.
        """
        self._require_labels()
        assert self.review_thresholds is not None
        return self.review_thresholds.sends(self.pipeline.coverage(texts))

    def normalized(self, texts: TextBatch) -> TextBatch:
        """Apply the text pipeline to cleaned texts; the tokenizer of the model gets the result."""
        return self.pipeline(texts)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the autocast context in which the model runs."""
        return autocast(self.predictor.precision, self.device)

    @property
    def device(self) -> torch.device:
        """Device of the model."""
        return self.model.device

    def _predict_words(self, texts: Sequence[str]) -> list[Prediction]:
        task_metrics = self.task.task_metrics
        assert isinstance(task_metrics, WordMetrics)
        strings, offsets = self._clean(texts)
        cleaned = TextBatch.from_strings(strings)
        predicted = self.predictor(cleaned) if texts else []
        predictions = []
        coverages = self._coverage(cleaned)
        for text, offset, one, coverage in zip(texts, offsets, predicted, coverages, strict=True):
            fields = task_metrics.fields(one)
            words = []
            for word in fields.pop("words"):
                start, end = offset.to_original(word["start"], word["end"])
                words.append(
                    PredictedWord(text[start:end], start, end, word["score"], word["label"])
                )
            probabilities = self._by_name(task_metrics.of_text(one))
            predictions.append(
                Prediction(probabilities=probabilities, words=tuple(words), **fields, **coverage)
            )
        return predictions

    def _coverage(self, texts: TextBatch) -> list[dict[str, Any]]:
        """Return the fields `unread`, `unsupported` and `review` of cleaned texts."""
        assert self.review_thresholds is not None
        coverage = self.pipeline.coverage(texts)
        columns = (coverage.unread, coverage.unsupported, self.review_thresholds.sends(coverage))
        return [
            {"unread": round(unread, 6), "unsupported": round(unsupported, 6), "review": review}
            for unread, unsupported, review in zip(*(c.tolist() for c in columns), strict=True)
        ]

    def _require_labels(self) -> None:
        if not isinstance(self.task.task_metrics, LabelMetrics):
            raise InputError(
                f"{self.folder}: this model was pre-trained and predicts no labels; "
                f"model.init_from={self.folder} starts a training from it"
            )

    def _clean(self, texts: Sequence[str]) -> tuple[list[str], list[OffsetMap]]:
        """Clean and cut texts as in training; return them and their maps to the original texts."""
        settings = self.config.dataset
        cleaned = [clean(text, settings.cleaning, settings.max_length) for text in texts]
        return [each.text for each in cleaned], [each.offsets for each in cleaned]

    def _by_name(self, probabilities: np.ndarray) -> dict[str, float]:
        return {name: float(p) for name, p in zip(self.label_names, probabilities, strict=True)}


def load(folder: str | Path, device: str = "auto") -> TrainedModel:
    """Load the best model of the run in `folder`.

    Raises:
        InputError: if the folder does not contain a trained run.
    """
    return TrainedModel(Path(folder), device)


def recognizer_opener(device: str) -> OpenRun:
    """Return a function that loads the recognizer of a run, for `build_normalizer`."""
    return lambda folder: load(folder, device).recognizer
