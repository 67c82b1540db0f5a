"""Options of the group `task`: what is asked of a text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vitrina.data.config import WORD_SOURCES, LabelRules, WordRules
from vitrina.data.fields import label_name
from vitrina.errors import require
from vitrina.models.embedders.config import GlyphsConfig, LineConfig, SlicesConfig

LOSSES = ("cross_entropy", "focal")
FOCAL_GAMMA = 2.0
"""What Lin et al. 2017 found best."""

VALIDATION = "validation"
"""`task.threshold`: chosen on the validation texts."""


@dataclass(kw_only=True)
class TextTaskConfig:
    """What the tasks that say something of a whole text share."""

    kind: str
    """classification or multilabel"""
    labels: list[str] | None
    """The labels, in the order of tables; null: those of the training rows, sorted. Others are left
    out: with task=classification the rows that have them, with task=multilabel the labels alone."""
    dropout: float
    """Probability that an entry of the pooled text is dropped in training."""
    label_smoothing: float
    """Share of each target that is spread over all that could be said instead."""
    loss: str
    """cross_entropy or focal (Lin et al. 2017: what is almost right counts less)."""
    focal_gamma: float | None
    """With loss=focal the exponent of the probability that is missing; null: 2."""
    class_weights: Any
    """What a text counts in the loss: none (all the same), balanced (the rarer its label, the more,
    so that all labels count the same together), or a weight by label, such as {THREAT: 5}, where
    other labels weigh 1."""
    threshold: Any
    """Probability from which on a label is said: a number between 0 and 1, or validation, the one
    of the highest F1 on the validation texts, clean and noisy. Two classes have one for the
    positive class, with 0.5 the likelier class; more than two leave it at 0.5."""

    def __post_init__(self) -> None:
        for name in ("dropout", "label_smoothing"):
            value = getattr(self, name)
            require(0 <= value < 1, f"task.{name}", value, "from 0 to below 1")
        require(self.loss in LOSSES, "task.loss", self.loss, f"one of {', '.join(LOSSES)}")
        gamma = self.focal_gamma
        if self.loss == "focal":
            require(gamma is None or gamma >= 0, "task.focal_gamma", gamma, "at least 0, or null")
        else:
            require(gamma is None, "task.focal_gamma", gamma, "null unless task.loss=focal")
        self._check_weights()
        value = self.threshold
        number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1
        allowed = f"between 0 and 1, both excluded, or {VALIDATION}"
        require(number or value == VALIDATION, "task.threshold", value, allowed)
        for index, name in enumerate(self.labels or ()):
            fits = bool(label_name(name)) and label_name(name) not in map(
                label_name, (self.labels or [])[:index]
            )
            require(fits, f"task.labels[{index}]", name, "a label, named only once")

    def _check_weights(self) -> None:
        given = self.class_weights
        if not isinstance(given, Mapping):
            allowed = "none, balanced, or a weight by label such as {THREAT: 5}"
            require(given in ("none", "balanced"), "task.class_weights", given, allowed)
            return
        for name, value in given.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            fits = number and math.isfinite(value) and value > 0
            require(fits, f"task.class_weights.{name}", value, "a number above 0")

    @property
    def gamma(self) -> float:
        """The exponent of the focal loss; 0 makes it cross entropy."""
        if self.loss == "cross_entropy":
            return 0.0
        return FOCAL_GAMMA if self.focal_gamma is None else self.focal_gamma

    @property
    def label_order(self) -> list[str] | None:
        """`labels` as rows name them: `1` for true and 1.0."""
        return None if self.labels is None else [label_name(name) for name in self.labels]


@dataclass(kw_only=True)
class ClassificationConfig(TextTaskConfig):
    """One class for each text, of two or more."""

    positive: str | None
    """With two classes, the one whose F1 and probability are reported; null takes the last in
    order (`1` of `0` and `1`)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        several = self.labels is None or len(self.labels) >= 2
        require(several, "task.labels", self.labels, "at least two labels, or null")


@dataclass(kw_only=True)
class MultilabelConfig(TextTaskConfig):
    """Any number of labels for each text, each said or not whatever the others are."""

    separator: str | None
    """What stands between the labels where a row names them in one text, as in a table; null: such
    a text is one label."""

    def __post_init__(self) -> None:
        super().__post_init__()
        some = self.labels is None or len(self.labels) >= 1
        require(some, "task.labels", self.labels, "at least one label, or null")
        require(self.separator != "", "task.separator", self.separator, "not empty, or null")


POOLS = ("max_mean", "max", "mean")
PER_WORD = " for task=labeling, which needs a state for each word; encoder=cnn_words has it"


@dataclass(kw_only=True)
class LabelingConfig:
    """One label for each word; the labels are those of the training words, two or more."""

    kind: str
    """labeling"""
    labels: str
    """Where the labels of words come from: pieces (`[["скотина", 1], ["!", 0]]` in the text
    field), spans (a field beside the text), lexicon (toxic words have label 1), or auto: pieces or
    spans where the first row of a file has them, else the lexicon."""
    spans_field: str
    """Field of a row that holds spans: [start, end] or [start, end, label], in characters."""
    background: str
    """Label of the words that have none."""
    lexicon: str | None
    """File of toxic words; null: the project's own."""
    pool: str
    """What a word keeps of its tokens: max_mean, max or mean."""
    kernels: list[int]
    """One residual convolution over the tokens of a word for each number, before they are pooled:
    tokens it sees; odd. Without any a word is a bag of its tokens."""
    dropout: float
    """Probability that an entry of a word's state is dropped in training."""
    label_smoothing: float
    """Share of each target that is spread over all labels."""
    positive_weight: float
    """Weight in the loss of words with a label against those without."""

    def __post_init__(self) -> None:
        def check(name: str, condition: bool, allowed: str) -> None:
            require(condition, f"task.{name}", getattr(self, name), allowed)

        check("labels", self.labels in WORD_SOURCES, f"one of {', '.join(WORD_SOURCES)}")
        check("spans_field", bool(self.spans_field), "the name of a field")
        check("background", bool(self.background), "the name of a label")
        check("pool", self.pool in POOLS, f"one of {', '.join(POOLS)}")
        odd = all(kernel >= 1 and kernel % 2 == 1 for kernel in self.kernels)
        check("kernels", odd, "odd numbers of at least 1")
        for name in ("dropout", "label_smoothing"):
            check(name, 0 <= getattr(self, name) < 1, "from 0 to below 1")
        check("positive_weight", self.positive_weight > 0, "above 0")

    def check_encoder(self, encoder: Any) -> None:
        """
        Raises:
            InputError: if the encoder makes one state of several words.
        """
        kind = encoder.kind
        require(kind != "mean", "encoder.kind", kind, f"one that does not pool{PER_WORD}")
        stride = getattr(encoder, "stride", 1)
        require(stride == 1, "encoder.stride", stride, f"1{PER_WORD}")


DRAWN = "glyphs, glyph_ngrams, slices or line, which draw texts, with task=pretraining"


@dataclass(kw_only=True)
class PretrainingConfig:
    """No labels: the pixels of hidden tokens are restored, and with ocr=ctc the text is read.

    The weights that are kept are those of the lowest sum of masked_weight times the masked loss and
    the character error rate on the validation texts, whatever training.metric says."""

    kind: str
    """pretraining"""
    masked_weight: float
    """What the masked loss of a text, the mean over its hidden tokens, counts beside that of
    reading (ocr.weight); with 0 nothing is hidden."""
    masked_share: float
    """Share of a text's tokens that are hidden."""
    masked_span: float
    """Mean length of a hidden span, in tokens; that of a window is embedder.stride_px wide."""

    def __post_init__(self) -> None:
        def check(name: str, condition: bool, allowed: str) -> None:
            require(condition, f"task.{name}", getattr(self, name), allowed)

        finite = math.isfinite(self.masked_weight) and self.masked_weight >= 0
        check("masked_weight", finite, "at least 0")
        check("masked_share", 0 < self.masked_share < 1, "between 0 and 1, both excluded")
        long = math.isfinite(self.masked_span) and self.masked_span >= 1
        check("masked_span", long, "at least 1")

    def check_beside(self, config: Any) -> None:
        """
        Args:
            config: the whole configuration.

        Raises:
            InputError: if another option does not go with pre-training.
        """
        kind = config.embedder.kind
        visual = isinstance(config.embedder, GlyphsConfig | SlicesConfig | LineConfig)
        require(visual, "embedder.kind", kind, DRAWN)
        kind = config.encoder.kind
        allowed = "one with a state for each token or stride with task=pretraining; mean has none"
        require(kind != "mean", "encoder.kind", kind, allowed)
        weight, reads = self.masked_weight, config.ocr.kind != "none"
        allowed = "above 0 with ocr=none, where nothing else is trained"
        require(weight > 0 or reads, "task.masked_weight", weight, allowed)
        pairs = config.dataset.pairs
        require(pairs is None, "dataset.pairs", pairs, "null with task=pretraining")
        allowed = "levels with task=pretraining, which says no labels"
        require(
            config.evaluation.kind == "levels", "evaluation.kind", config.evaluation.kind, allowed
        )


def label_rules(config: Any) -> LabelRules | WordRules:
    """How the rows of a dataset name their labels for the task of that configuration."""
    if isinstance(config, LabelingConfig):
        return WordRules(config.labels, config.spans_field, config.background, config.lexicon)
    if isinstance(config, PretrainingConfig):
        return LabelRules(ignored=True)
    if not isinstance(config, TextTaskConfig):
        return LabelRules()
    if isinstance(config, MultilabelConfig):
        return LabelRules(config.label_order, sets=True, separator=config.separator)
    return LabelRules(config.label_order)


OPTIONS: dict[str, type] = {
    "classification": ClassificationConfig,
    "multilabel": MultilabelConfig,
    "labeling": LabelingConfig,
    "pretraining": PretrainingConfig,
}

LATER: dict[str, Any] = {
    "labels": None,
    "loss": "cross_entropy",
    "focal_gamma": None,
    "class_weights": "none",
    "threshold": 0.5,
}
"""Settings that came after version 0.1.0, with the values by which its runs were made."""
