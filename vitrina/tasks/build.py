"""From configuration and artefacts to a model: fit, then build."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from vitrina.config import Config
from vitrina.data.dataset import Dataset
from vitrina.models.embedders.base import Embedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.heads.ctc import CtcHead
from vitrina.models.model import Model
from vitrina.noise.replacements import Replacements
from vitrina.registry import build, component
from vitrina.state import FittedState
from vitrina.tasks.base import Task
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.ocr.symbols import symbols_of
from vitrina.text.batch import TextBatch


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
        "encoder": component("encoder", config.encoder.kind).load().fit(config.encoder),
    }
    if "embedder" not in parts:
        kind = component("embedder", config.embedder.kind).load()
        fitted = kind.fit(config.embedder, clean, noisy)
        parts["embedder"] = kind.fit_noise(config.embedder, fitted, replaced)
    if config.ocr.recognizes and "ocr" not in parts:
        parts["ocr"] = Recognition.fit(config.ocr, clean, noisy)
    return FittedState.join(parts)


def fit_task(config: Config, dataset: Dataset) -> FittedState:
    """What the task alone learns from its training texts."""
    return (
        component("task", config.task.kind)
        .load()
        .fit(config.task, dataset.train, dataset.label_names)
    )


def build_task(config: Config, fitted: FittedState) -> Task:
    """The task that the artefacts were fitted for."""
    return build("task", config.task, fitted.part("task"))


def build_reading(config: Config, fitted: FittedState) -> Recognition | None:
    """What is asked of a reading head, where there is one."""
    if not config.ocr.recognizes:
        return None
    return Recognition(config.ocr, fitted.part("ocr"))


def build_model(config: Config, fitted: FittedState, task: Task) -> Model:
    """The model with its first weights, which depend on `config.seed` alone.

    Weights of a checkpoint are not read: `Model.load_pretrained` does, where a training starts.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        embedder: Embedder = build("embedder", config.embedder, fitted.part("embedder"))
        embedder = task.embedder(embedder)
        encoder = (
            component("encoder", config.encoder.kind)
            .load()
            .build(config.encoder, embedder.dim, fitted.part("encoder"))
        )
        model = task.build_model(embedder, encoder)
        # The reader comes last: the other weights begin as they would without it.
        model.reader = _build_reader(config, fitted, embedder, encoder)
        return model


def _build_reader(
    config: Config, fitted: FittedState, embedder: Embedder, encoder: Encoder
) -> CtcHead | None:
    ocr = config.ocr
    if not ocr.recognizes:
        return None
    reads_encoder = ocr.source == "encoder"
    return CtcHead(
        encoder.dim if reads_encoder else embedder.dim,
        dim=ocr.dim,
        kernels=ocr.kernels,
        steps=ocr.num_frames(config.embedder, config.encoder),
        num_symbols=symbols_of(fitted.part("ocr")).num_symbols,
        reads_encoder=reads_encoder,
        span=ocr.span(config.encoder),
    )
