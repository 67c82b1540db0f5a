"""Sequence labelling: one label for each word of a text."""

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

NOT_COUNTED = -100
"""Target of the empty word that stands for a text without words."""


@dataclass(frozen=True)
class WordTargets(Targets):
    """Labels of the words of a batch.

    Attributes:
        labels: int64 [W]; `NOT_COUNTED` where there is nothing to say.
        counts: int64 [B], words of each text.
    """

    counts: np.ndarray

    def take(self, indices: np.ndarray) -> WordTargets:
        """Those of the texts at `indices`, in that order."""
        labels, _ = take_ragged(self.labels, offsets_of(self.counts), indices)
        return WordTargets(labels, self.counts[indices])


class LabelingTask(Task):
    """One label for each word.

    Args:
        config: the option's values.
        artefacts: what `fit` gave.
    """

    def __init__(self, config: LabelingConfig, fitted: FittedState) -> None:
        self.config = config
        words = json.loads(fitted.texts["words"])
        self.label_names = words["label_names"]
        self.words_per_text: float = words["words_per_text"]
        self.task_metrics = WordMetrics(self.label_names)

    @staticmethod
    def fit(config: LabelingConfig, train: Split, label_names: list[str]) -> FittedState:
        """The label vocabulary of the training words, and how many words a text has."""
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
        """The label of each word as the model sees it.

        Noise may have split or joined words: each has the label of the clean word that it
        overlaps most, measured in the noisy text.
        """
        assert sample.split.words is not None
        words = shown_words(sample.shown)
        noisy = align_spans(words, sample.shown, sample.noisy.texts, sample.normalizer)
        clean = sample.noisy.map_spans(sample.split.words.take(sample.indices))
        labels = labels_by_overlap(noisy, clean).astype(np.int64)
        labels[words.lengths == 0] = NOT_COUNTED
        return WordTargets(labels, words.counts)

    def truth(self, split: Split) -> Spans:
        """The clean words with their labels, where they stand in the texts of the split."""
        assert split.words is not None
        return split.words

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Cross entropy of logits [W, C].

        Added up over words, each of which counts alike whatever its text, in units of the mean
        number of words in a text: averaged over texts, it is about the mean over words.
        """
        labels_W = torch.from_numpy(targets.labels).to(output.device, non_blocking=True)
        weight_C = torch.full((len(self.label_names),), self.config.positive_weight)
        weight_C[0] = 1.0
        total = F.cross_entropy(
            output,
            labels_W,
            weight=weight_C.to(output.device, non_blocking=True),
            ignore_index=NOT_COUNTED,
            label_smoothing=self.config.label_smoothing,
            reduction="sum",
        )
        return total / self.words_per_text

    def probabilities(self, output: Tensor) -> Tensor:
        """float32 [W, C]."""
        return output.float().softmax(dim=1)

    def predictor(
        self, model: Model, pipeline: TextPipeline, *, max_tokens: int, precision: str
    ) -> WordPredictor:
        return WordPredictor(
            model, pipeline, self.probabilities, max_tokens=max_tokens, precision=precision
        )
