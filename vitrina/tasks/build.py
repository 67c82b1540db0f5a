"""Fits and builds the task, the model and the text pipeline of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from vitrina.config import Config
from vitrina.data.background import Background
from vitrina.data.dataset import Dataset
from vitrina.deobfuscation.base import Deobfuscator
from vitrina.errors import require
from vitrina.models.coverage import TrainingTexts, fit_coverage
from vitrina.models.embedders.base import Embedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.heads.ctc import CtcHead
from vitrina.models.model import Model
from vitrina.models.prepare import TextPipeline
from vitrina.noise.corpus import Corpus
from vitrina.normalizers.base import Normalizer
from vitrina.registry import build, component
from vitrina.state import FittedState
from vitrina.tasks.base import Task
from vitrina.tasks.classification import ClassificationTask
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.ocr.symbols import build_symbols
from vitrina.text.dictionary import Dictionary


def fit(
    config: Config,
    dataset: Dataset,
    corpus: Corpus,
    given: Mapping[str, FittedState] | None = None,
) -> FittedState:
    """Fit the components of a run on its training texts.

    Args:
        dataset: only its training split is used.
        corpus: the normalized training texts.
        given: states from another run, which are not fitted: `deobfuscator`, `embedder`, `ocr`.
    """
    parts = {
        "dictionary": fit_dictionary(config, dataset),
        **(given or {}),
        "task": fit_task(config, dataset),
        "coverage": fit_coverage(corpus.clean),
        "encoder": component("encoder", config.encoder.kind).load().fit(config.encoder),
    }
    dictionary = build_dictionary(config, parts["dictionary"])
    corpus = replace(corpus, dictionary=dictionary)
    deobfuscator = component("deobfuscator", config.deobfuscator.kind)
    if deobfuscator.target:
        if "deobfuscator" not in parts:
            parts["deobfuscator"] = deobfuscator.load().fit(config.deobfuscator, corpus)
        if not config.embedder.reads_codes:
            built = _build_deobfuscator(config, parts["deobfuscator"], dictionary)
            corpus = corpus.map(lambda texts: built(texts).text())
    if "embedder" not in parts:
        embedder = component("embedder", config.embedder.kind).load()
        parts["embedder"] = embedder.fit(config.embedder, corpus)
    if config.ocr.recognizes and "ocr" not in parts:
        parts["ocr"] = component("ocr", config.ocr.kind).load().fit(config.ocr, corpus)
    return FittedState.join(parts)


def fit_deobfuscator(config: Config, corpus: Corpus) -> Deobfuscator:
    """Fit the deobfuscator alone and build it.

    Args:
        corpus: the normalized training texts, with the dictionary.

    Raises:
        InputError: if the configuration has no deobfuscator.
    """
    deobfuscator = component("deobfuscator", config.deobfuscator.kind)
    require(bool(deobfuscator.target), "deobfuscator", config.deobfuscator.kind, "one to fit")
    fitted = deobfuscator.load().fit(config.deobfuscator, corpus)
    return _build_deobfuscator(config, fitted, corpus.dictionary)


def fit_dictionary(config: Config, dataset: Dataset) -> FittedState:
    """Return the version of the dictionary, and which of its lemmas the training comments hold."""
    dictionary = component("dictionary", config.dictionary.kind)
    if not dictionary.target:
        return FittedState()
    return dictionary.load().fit(config.dictionary, dataset.train.texts)


def build_dictionary(config: Config, fitted: FittedState) -> Dictionary | None:
    """Build the dictionary; None without one."""
    if not component("dictionary", config.dictionary.kind).target:
        return None
    return build("dictionary", config.dictionary, fitted)


def fit_task(config: Config, dataset: Dataset) -> FittedState:
    """Fit the task alone."""
    return (
        component("task", config.task.kind)
        .load()
        .fit(config.task, dataset.train, dataset.label_names)
    )


def build_task(config: Config, fitted: FittedState) -> Task:
    """Build the task with its fitted state."""
    return build("task", config.task, fitted.part("task"))


def build_background(config: Config, dataset: Dataset, task: Task) -> Background | None:
    """Build the source of background texts; None without them.

    Raises:
        InputError: if the task has more than two classes.
    """
    share = config.dataset.background.share
    if share == 0:
        return None
    assert isinstance(task, ClassificationTask)  # `DatasetConfig.check_with` refuses others
    number = len(task.label_names)
    allowed = f"0 with {number} classes, because background texts have one of two"
    require(number == 2, "dataset.background.share", share, allowed)
    return Background(config.dataset, dataset.train, task.positive, config.seed)


def build_recognition(config: Config, fitted: FittedState) -> Recognition | None:
    """Build the task of the CTC head; None without one."""
    if not config.ocr.recognizes:
        return None
    return build("ocr", config.ocr, fitted.part("ocr"))


def build_pipeline(
    config: Config, fitted: FittedState, model: Model, normalizer: Normalizer
) -> TextPipeline:
    """Build the pipeline of all stages before the model."""
    deobfuscator, tokenizer = None, model.embedder.tokenizer
    if component("deobfuscator", config.deobfuscator.kind).target:
        state = fitted.part("deobfuscator")
        deobfuscator = _build_deobfuscator(config, state, tokenizer.dictionary)
    training_texts = TrainingTexts(fitted.part("coverage"), tokenizer.dictionary)
    return TextPipeline(normalizer, deobfuscator, tokenizer, training_texts)


def _build_deobfuscator(
    config: Config, fitted: FittedState, dictionary: Dictionary | None
) -> Deobfuscator:
    built: Deobfuscator = build("deobfuscator", config.deobfuscator, fitted)
    built.dictionary = dictionary
    return built


def build_model(config: Config, fitted: FittedState, task: Task) -> Model:
    """Build the model with its initial weights, which depend only on `config.seed`.

    Pretrained weights are not loaded here; `Model.load_pretrained` loads them when training starts.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        embedder: Embedder = build("embedder", config.embedder, fitted.part("embedder"))
        embedder.tokenizer.dictionary = build_dictionary(config, fitted.part("dictionary"))
        embedder = task.embedder(embedder)
        encoder = (
            component("encoder", config.encoder.kind)
            .load()
            .build(config.encoder, embedder.dim, fitted.part("encoder"))
        )
        model = task.build_model(embedder, encoder)
        # Built last, so that it does not change the initial values of the other weights.
        model.ctc_head = _build_ctc_head(config, fitted, embedder, encoder)
        return model


def _build_ctc_head(
    config: Config, fitted: FittedState, embedder: Embedder, encoder: Encoder
) -> CtcHead | None:
    ocr = config.ocr
    if not ocr.recognizes:
        return None
    uses_encoder = ocr.source == "encoder"
    return component("head", "ctc").load()(
        encoder.dim if uses_encoder else embedder.dim,
        dim=ocr.dim,
        kernels=ocr.kernels,
        steps=ocr.num_frames(config.embedder, config.encoder),
        num_symbols=build_symbols(fitted.part("ocr")).num_symbols,
        uses_encoder=uses_encoder,
        span=ocr.span(config.encoder),
    )
