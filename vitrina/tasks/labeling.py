"""Sequence labeling: one label for each word of a text."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vitrina.data.dataset import Split
from vitrina.models.embedders.base import Embedder
from vitrina.models.embedders.words import WordsEmbedder, shown_words
from vitrina.models.encoders.base import Encoder
from vitrina.models.model import Model
from vitrina.models.prepare import TextPipeline
from vitrina.models.word_predictions import WordPredictor
from vitrina.normalizers.alignment import align_spans
from vitrina.registry import component
from vitrina.state import FittedState
from vitrina.tasks.base import Sample, Task
from vitrina.tasks.config import LabelingConfig
from vitrina.tasks.targets import Targets
from vitrina.tasks.word_metrics import WordMetrics
from vitrina.text.batch import offsets_of, take_ragged
from vitrina.text.spans import Spans, labels_by_overlap

IGNORE_INDEX = -100
"""Target of the empty word that represents a text without words."""


@dataclass(frozen=True)
class WordTargets(Targets):
    """Labels of the words of a batch.

    Attributes:
        labels: int64 [W]; `IGNORE_INDEX` for the word of a text without words.
        counts: int64 [B], number of words of each text.
    """

    counts: np.ndarray

    def take(self, indices: np.ndarray) -> WordTargets:
        """Return the targets of the texts at `indices`, in that order."""
        labels, _ = take_ragged(self.labels, offsets_of(self.counts), indices)
        return WordTargets(labels, self.counts[indices])


class LabelingTask(Task):
    """Assigns one label to each word.

    Args:
        config: settings of the task.
        fitted: state from `fit`.
    """

    def __init__(self, config: LabelingConfig, fitted: FittedState) -> None:
        self.config = config
        words = json.loads(fitted.texts["words"])
        self.label_names = words["label_names"]
        self.words_per_text: float = words["words_per_text"]
        self.task_metrics = WordMetrics(self.label_names)

    @staticmethod
    def fit(config: LabelingConfig, train: Split, label_names: list[str]) -> FittedState:
        """Return the labels of the training words, and the mean number of words in a text."""
        assert train.words is not None
        fitted = {
            "label_names": label_names,
            "words_per_text": len(train.words) / len(train),
        }
        return FittedState(texts={"words": json.dumps(fitted, ensure_ascii=False)})

    def embedder(self, embedder: Embedder) -> Embedder:
        return WordsEmbedder(embedder, self.config.pool, self.config.kernels)

    def build_model(self, embedder: Embedder, encoder: Encoder) -> Model:
        head = component("head", self.config.head).load()
        head = head(encoder.dim, len(self.label_names), self.config.dropout)
        return Model(embedder, encoder, head)

    def targets(self, sample: Sample) -> WordTargets:
        """Return the label of each word of the texts that the tokenizer gets.

        Noise may split or join words. A word has the label of the clean word that it overlaps most
        in the noisy text.
        """
        assert sample.split.words is not None
        words = shown_words(sample.shown)
        noisy = align_spans(words, sample.shown, sample.noisy.texts, sample.normalizer)
        clean = sample.noisy.map_spans(sample.split.words.take(sample.indices))
        labels = labels_by_overlap(noisy, clean).astype(np.int64)
        labels[words.lengths == 0] = IGNORE_INDEX
        return WordTargets(labels, words.counts)

    def truth(self, split: Split) -> Spans:
        """Return the spans of the clean words in the texts of the split, with their labels."""
        assert split.words is not None
        return split.words

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Compute the cross entropy of logits [W, C].

        The sum over words is divided by the mean number of words in a text: all words count the
        same, and averaged over texts the loss is about the mean over words.
        """
        labels_W = torch.from_numpy(targets.labels).to(output.device, non_blocking=True)
        weight_C = torch.full((len(self.label_names),), self.config.positive_weight)
        weight_C[0] = 1.0
        total = F.cross_entropy(
            output,
            labels_W,
            weight=weight_C.to(output.device, non_blocking=True),
            ignore_index=IGNORE_INDEX,
            label_smoothing=self.config.label_smoothing,
            reduction="sum",
        )
        return total / self.words_per_text

    def probabilities(self, output: Tensor) -> Tensor:
        """Return the probability of each class for each word, float32 [W, C]."""
        return output.float().softmax(dim=1)

    def predictor(
        self, model: Model, pipeline: TextPipeline, *, max_tokens: int, precision: str
    ) -> WordPredictor:
        return WordPredictor(
            model, pipeline, self.probabilities, max_tokens=max_tokens, precision=precision
        )
