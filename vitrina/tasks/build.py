"""From configuration and artefacts to a model: fit, then build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from vitrina.config import Config
from vitrina.data.dataset import Dataset
from vitrina.models.embedders.base import Embedder
from vitrina.models.embedders.bytes import BytesEmbedder
from vitrina.models.embedders.characters import CharactersEmbedder
from vitrina.models.embedders.glyph_ngrams import GlyphNgramsEmbedder
from vitrina.models.embedders.glyphs import GlyphsEmbedder
from vitrina.models.embedders.line import LineEmbedder
from vitrina.models.embedders.ngrams import NgramsEmbedder
from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.models.embedders.subwords import SubwordsEmbedder
from vitrina.models.embedders.wordpiece import WordpieceEmbedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.encoders.cnn import CnnEncoder
from vitrina.models.encoders.mean import MeanEncoder
from vitrina.models.encoders.pretrained import PretrainedEncoder
from vitrina.models.encoders.transformer import TransformerEncoder
from vitrina.models.heads.ctc import CtcHead
from vitrina.models.model import Model
from vitrina.noise.replacements import Replacements
from vitrina.state import FittedState
from vitrina.tasks.base import Task
from vitrina.tasks.classification import ClassificationTask
from vitrina.tasks.labeling import LabelingTask
from vitrina.tasks.multilabel import MultilabelTask
from vitrina.tasks.ocr.config import CtcConfig, num_steps, span
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.ocr.symbols import symbols_of
from vitrina.tasks.pretraining import PretrainingTask
from vitrina.text.batch import TextBatch

EMBEDDERS: dict[str, Any] = {
    "glyphs": GlyphsEmbedder,
    "glyph_ngrams": GlyphNgramsEmbedder,
    "slices": SlicesEmbedder,
    "line": LineEmbedder,
    "wordpiece": WordpieceEmbedder,
    "characters": CharactersEmbedder,
    "bytes": BytesEmbedder,
    "ngrams": NgramsEmbedder,
    "subwords": SubwordsEmbedder,
}
ENCODERS: dict[str, type[Encoder]] = {
    "cnn": CnnEncoder,
    "transformer": TransformerEncoder,
    "mean": MeanEncoder,
    "pretrained": PretrainedEncoder,
}
TASKS: dict[str, Any] = {
    "classification": ClassificationTask,
    "multilabel": MultilabelTask,
    "labeling": LabelingTask,
    "pretraining": PretrainingTask,
}


def fit(
    config: Config,
    dataset: Dataset,
    clean: TextBatch,
    noisy: Callable[[], TextBatch],
    replaced: Callable[[], Replacements] = Replacements,
    given: Mapping[str, FittedState] | None = None,
) -> FittedState:
    """What the run learns from its training texts before training.

    Args:
        dataset: of which only the training texts are seen.
        clean: these texts, normalised.
        noisy: draws the training noise over them, then normalises; called only if needed.
        replaced: tells what the training noise puts for letters; called only if needed.
        given: what comes from another run and is not fitted: `embedder`, `ocr`.
    """
    parts = {
        **(given or {}),
        "task": fit_task(config, dataset),
        "encoder": ENCODERS[config.encoder.kind].fit(config.encoder),
    }
    if "embedder" not in parts:
        kind = EMBEDDERS[config.embedder.kind]
        fitted = kind.fit(config.embedder, clean, noisy)
        parts["embedder"] = kind.fit_noise(config.embedder, fitted, replaced)
    if isinstance(config.ocr, CtcConfig) and "ocr" not in parts:
        parts["ocr"] = Recognition.fit(config.ocr, clean, noisy)
    return FittedState.join(parts)


def fit_task(config: Config, dataset: Dataset) -> FittedState:
    """What the task alone learns from its training texts."""
    return TASKS[config.task.kind].fit(config.task, dataset.train, dataset.label_names)


def build_task(config: Config, fitted: FittedState) -> Task:
    """The task that the artefacts were fitted for."""
    return TASKS[config.task.kind](config.task, fitted.part("task"))


def build_reading(config: Config, fitted: FittedState) -> Recognition | None:
    """What is asked of a reading head, where there is one."""
    if not isinstance(config.ocr, CtcConfig):
        return None
    return Recognition(config.ocr, fitted.part("ocr"))


def build_model(config: Config, fitted: FittedState, task: Task) -> Model:
    """The model with its first weights, which depend on `config.seed` alone.

    Weights of a checkpoint are not read: `Model.load_pretrained` does, where a training starts.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        embedder: Embedder = EMBEDDERS[config.embedder.kind](
            config.embedder, fitted.part("embedder")
        )
        embedder = task.embedder(embedder)
        encoder = ENCODERS[config.encoder.kind].build(
            config.encoder, embedder.width, fitted.part("encoder")
        )
        model = task.build_model(embedder, encoder)
        # The reader comes last: the other weights begin as they would without it.
        model.reader = _build_reader(config, fitted, embedder, encoder)
        return model


def _build_reader(
    config: Config, fitted: FittedState, embedder: Embedder, encoder: Encoder
) -> CtcHead | None:
    ocr = config.ocr
    if not isinstance(ocr, CtcConfig):
        return None
    reads_encoder = ocr.reads == "encoder"
    return CtcHead(
        encoder.width if reads_encoder else embedder.width,
        width=ocr.width,
        kernels=ocr.kernels,
        steps=num_steps(ocr, config.embedder, config.encoder),
        num_symbols=symbols_of(fitted.part("ocr")).num_symbols,
        reads_encoder=reads_encoder,
        span=span(ocr, config.encoder),
    )
