"""Settings of the group `task`: what a model predicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from vitrina.data.config import WORD_SOURCES, LabelRules, WordRules
from vitrina.data.fields import label_name
from vitrina.errors import require
from vitrina.registry import (
    Settings,
    component,
    names_with,
    register,
    register_target,
    setting,
)

FOCAL_GAMMA = 2.0
"""The best exponent of Lin et al. 2017."""
DEFAULT_THRESHOLD = 0.5
"""Default of `task.threshold`, and the threshold of a label that no validation text has."""
VALIDATION = "validation"
"""Value of `task.threshold`: chosen on the validation texts."""
POOLS = ("max_mean", "max", "mean")
METRICS = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "micro_precision",
    "micro_recall",
    "micro_f1",
    "roc_auc",
    "average_precision",
)
"""Built-in metrics of labels, in [0, 1]; higher is better. The target of a metric maps
`vitrina.tasks.metrics.Predictions` to a number, NaN where it is undefined."""

for _name in METRICS:
    register_target("metric", _name, f"vitrina.tasks.metrics:{_name}")


class TaskConfig(Settings):
    """Base class of the settings of tasks."""

    labels_words: ClassVar[bool] = False
    """Whether each word has a label of its own."""
    needs_labels: ClassVar[bool] = True
    """Whether the rows of a dataset must have labels."""
    one_class_per_text: ClassVar[bool] = False
    """Whether each text has exactly one class."""
    compares_views: ClassVar[bool] = False
    """Whether `Task.divergence` compares the predictions for two views of a text."""

    @property
    def labels_texts(self) -> bool:
        """Whether whole texts have labels."""
        return self.needs_labels and not self.labels_words

    @property
    def further_metrics(self) -> Sequence[str]:
        """Metrics of plugins that the task computes."""
        return ()

    def label_rules(self) -> LabelRules | WordRules:
        """Return the rules for reading labels from the rows of a dataset."""
        return LabelRules(ignored=not self.needs_labels)

    def check_with(self, config: Any) -> None:
        if self.labels_texts:
            return
        pairs = config.dataset.pairs
        require(pairs is None, "dataset.pairs", pairs, f"null with task={self.kind}")
        kind = config.evaluation.kind
        allowed = f"levels with task={self.kind}, which has no labels of whole texts"
        require(not config.evaluation.needs_labels, "evaluation.kind", kind, allowed)


def _check_head(key: str, name: str, outputs: str) -> None:
    form: Any = component("head", name, key=f"{key}.head").settings
    require(form.outputs == outputs, f"{key}.head", name, f"a head of {outputs}")


class TextTaskConfig(TaskConfig):
    """Base class of the settings of tasks with labels of whole texts."""

    compares_views: ClassVar[bool] = True

    labels: list[str] | None = None
    """The labels, in the order of tables; null: those of the training rows, sorted. With
    task=classification rows with other labels are dropped, with task=multilabel only the labels."""
    dropout: float = setting(0.2, ge=0, lt=1)
    """Dropout rate of the pooled text."""
    label_smoothing: float = setting(0.0, ge=0, lt=1)
    """Share of each target that is spread over all labels."""
    loss: str = setting("cross_entropy", choices=("cross_entropy", "focal"))
    """cross_entropy or focal (Lin et al. 2017), which down-weights easy texts."""
    focal_gamma: float | None = setting(None, ge=0)
    """Focusing parameter gamma of loss=focal; null: 2."""
    class_weights: Any = "none"
    """Weight of a text in the loss: none (equal weights), balanced (inversely proportional to the
    frequency of its label), or a weight by label such as {THREAT: 5}; other labels weigh 1."""
    threshold: Any = DEFAULT_THRESHOLD
    """Decision threshold of a label's probability: a number between 0 and 1, or validation (highest
    F1 on the clean and noisy validation texts). With two classes it is that of the positive class;
    with more it must be 0.5, and the most probable class is predicted."""
    head: str = "linear"
    """Head of the model: linear, or one of a plugin."""
    metrics: list[str] = setting([], unique=True)
    """Metrics of plugins, in addition to the built-in ones."""
    min_labels: ClassVar[int] = 1
    """Minimum number of labels."""

    def label_rules(self) -> LabelRules | WordRules:
        return LabelRules(self.label_order)

    def check(self, key: str) -> None:
        used = self.loss == "focal" or self.focal_gamma is None
        require(used, f"{key}.focal_gamma", self.focal_gamma, f"null unless {key}.loss=focal")
        self._check_weights(key)
        _check_head(key, self.head, "texts")
        for index, name in enumerate(self.metrics):
            component("metric", name, key=f"{key}.metrics[{index}]")
        value = self.threshold
        number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1
        allowed = f"between 0 and 1, both excluded, or {VALIDATION}"
        require(number or value == VALIDATION, f"{key}.threshold", value, allowed)
        for index, name in enumerate(self.labels or ()):
            fits = bool(label_name(name)) and label_name(name) not in map(
                label_name, (self.labels or [])[:index]
            )
            require(fits, f"{key}.labels[{index}]", name, "a label, listed only once")
        enough = self.labels is None or len(self.labels) >= self.min_labels
        words = {1: "at least one label", 2: "at least two labels"}[self.min_labels]
        require(enough, f"{key}.labels", self.labels, f"{words}, or null")

    @property
    def further_metrics(self) -> Sequence[str]:
        return self.metrics

    def components_used(self) -> list[tuple[str, str]]:
        return [("head", self.head), *(("metric", name) for name in self.metrics)]

    def _check_weights(self, key: str) -> None:
        given = self.class_weights
        if not isinstance(given, Mapping):
            allowed = "none, balanced, or a weight by label such as {THREAT: 5}"
            require(given in ("none", "balanced"), f"{key}.class_weights", given, allowed)
            return
        for name, value in given.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            fits = number and math.isfinite(value) and value > 0
            require(fits, f"{key}.class_weights.{name}", value, "a number above 0")

    @property
    def gamma(self) -> float:
        """Exponent of the focal loss; 0 for cross entropy."""
        if self.loss == "cross_entropy":
            return 0.0
        return FOCAL_GAMMA if self.focal_gamma is None else self.focal_gamma

    @property
    def label_order(self) -> list[str] | None:
        """`labels` as normalized in rows: `1` for true and 1.0."""
        return None if self.labels is None else [label_name(name) for name in self.labels]


@register("task", "classification", "vitrina.tasks.classification:ClassificationTask")
class ClassificationConfig(TextTaskConfig):
    """One class for each text, of two or more."""

    one_class_per_text: ClassVar[bool] = True
    min_labels: ClassVar[int] = 2
    positive: str | None = None
    """With two classes, the class whose F1 and probability are reported; null: the last one (`1` of
    `0` and `1`)."""
    false_alarms: float | None = setting(None, gt=0, lt=1)
    """With two classes, the share of benign texts that may be called positive: the lowest threshold
    that keeps it on the clean validation texts, and exceeds it by at most 0.03 on the noisy ones,
    in capitals, with typing errors and under each family of noise; null: `threshold` decides."""

    def check(self, key: str) -> None:
        super().check(key)
        fits = self.false_alarms is None or self.threshold == DEFAULT_THRESHOLD
        allowed = f"{DEFAULT_THRESHOLD} with {key}.false_alarms, which chooses the threshold"
        require(fits, f"{key}.threshold", self.threshold, allowed)


@register("task", "multilabel", "vitrina.tasks.multilabel:MultilabelTask")
class MultilabelConfig(TextTaskConfig):
    """Any number of labels for each text, each independent of the others."""

    separator: str | None = setting(",", non_empty=True)
    """Separator of the labels where a row names them in one text, as in a table; null: such a text
    is one label."""

    def label_rules(self) -> LabelRules | WordRules:
        return LabelRules(self.label_order, sets=True, separator=self.separator)


@register("task", "labeling", "vitrina.tasks.labeling:LabelingTask")
class LabelingConfig(TaskConfig):
    """One label for each word; the labels are those of the training words, two or more."""

    labels_words: ClassVar[bool] = True
    labels: str = setting("auto", choices=WORD_SOURCES)
    """Source of the labels of words: pieces (`[["скотина", 1], ["!", 0]]` in the text field), spans
    (a separate field), lexicon (toxic words have label 1), or auto: pieces or spans where the first
    row of a file has them, else the lexicon."""
    spans_field: str = setting("spans", non_empty=True)
    """Field of a row that holds spans: [start, end] or [start, end, label], in characters."""
    background: str = setting("0", non_empty=True)
    """Label of the words that have none."""
    lexicon: str | None = None
    """File of toxic words; null: the project's own."""
    pool: str = setting("max_mean", choices=POOLS)
    """Pooling of the tokens of a word: max_mean, max or mean."""
    kernels: list[int] = setting([5], ge=1, odd=True)
    """Kernel sizes, in tokens, of the residual convolutions over a word's tokens before pooling;
    empty: a word is a bag of tokens."""
    dropout: float = setting(0.2, ge=0, lt=1)
    """Dropout rate of a word's hidden state."""
    label_smoothing: float = setting(0.0, ge=0, lt=1)
    """Share of each target that is spread over all labels."""
    positive_weight: float = setting(4.0, gt=0)
    """Loss weight of words with a label, relative to words without."""
    head: str = "words"
    """Head of the model: words, or one of a plugin."""

    def check(self, key: str) -> None:
        _check_head(key, self.head, "words")

    def components_used(self) -> list[tuple[str, str]]:
        return [("head", self.head)]

    def label_rules(self) -> LabelRules | WordRules:
        return WordRules(self.labels, self.spans_field, self.background, self.lexicon)

    def check_with(self, config: Any) -> None:
        super().check_with(config)
        encoder = config.encoder
        words = " for task=labeling, which needs a state for each word; encoder=cnn_words has it"
        allowed = f"one that does not pool{words}"
        require(encoder.keeps_tokens, "encoder.kind", encoder.kind, allowed)
        stride = encoder.tokens_per_state
        require(stride == 1, f"encoder.{encoder.stride_key}", stride, f"1{words}")


@register("task", "pretraining", "vitrina.tasks.pretraining:PretrainingTask")
class PretrainingConfig(TaskConfig):
    """No labels: masked pixels are reconstructed, and with ocr=ctc the text is recognized.

    The best checkpoint has the lowest sum of masked_weight times the masked loss and the character
    error rate on the validation texts; training.metric is ignored."""

    needs_labels: ClassVar[bool] = False
    masked_weight: float = setting(1.0, ge=0, lt=math.inf)
    """Weight of a text's masked loss (the mean over its masked tokens), relative to ocr.weight; 0
    masks nothing."""
    masked_share: float = setting(0.25, gt=0, lt=1)
    """Share of a text's tokens that are masked."""
    masked_span: float = setting(3.0, ge=1, lt=math.inf)
    """Mean length of a masked span, in tokens; a token of windows is embedder.stride_px wide."""

    def check_with(self, config: Any) -> None:
        super().check_with(config)
        embedder, encoder = config.embedder, config.encoder
        allowed = f"one that draws texts, with task=pretraining: {names_with('embedder', 'draws')}"
        require(embedder.draws, "embedder.kind", embedder.kind, allowed)
        allowed = "one with a state for each token or stride with task=pretraining"
        require(encoder.keeps_tokens, "encoder.kind", encoder.kind, allowed)
        weight = self.masked_weight
        allowed = "above 0 with ocr=none, which trains nothing else"
        require(weight > 0 or config.ocr.recognizes, "task.masked_weight", weight, allowed)
