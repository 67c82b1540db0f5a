"""Predictions for words, with the spans of the words in the original texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitrina.models.embedders.words import WordTokenBatch
from vitrina.models.predictor import Predictor
from vitrina.models.token_batch import TokenBatch
from vitrina.normalizers.alignment import align_spans
from vitrina.text.batch import TextBatch
from vitrina.text.spans import Spans


@dataclass(frozen=True)
class WordPredictions:
    """Predictions for the words of texts; an index selects the predictions of one text.

    Attributes:
        texts: the texts.
        words: spans of their words; `labels` are unused.
        probabilities: float [num_words, C]; class 0 is "no label".
    """

    texts: TextBatch
    words: Spans
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> WordPredictions:
        here = slice(self.words.offsets[index], self.words.offsets[index + 1])
        one = self.words.part(index, index + 1)
        return WordPredictions(self.texts.part(index, index + 1), one, self.probabilities[here])


class WordPredictor(Predictor):
    """Predicts labels of words, with spans in the texts that it is called with."""

    def tokenize(self, texts: TextBatch) -> TokenBatch:
        """Return the tokens that the model gets, with spans of words in `texts`."""
        prepared = self.pipeline(texts)
        inputs = self.pipeline.tokenize(prepared)
        assert isinstance(inputs, WordTokenBatch)
        return inputs.with_words(align_spans(inputs.words, prepared, texts, self.pipeline))

    def __call__(self, texts: TextBatch) -> WordPredictions:
        """Return the predictions for the words of all texts, in order."""
        indices: list[np.ndarray] = []
        words: list[Spans] = []
        values: list[Tensor] = []

        def keep(batch: np.ndarray, inputs: TokenBatch, probabilities: Tensor) -> None:
            assert isinstance(inputs, WordTokenBatch)
            indices.append(batch)
            words.append(inputs.words)
            values.append(probabilities)

        self.run(texts, keep)
        if not indices:
            return WordPredictions(texts, Spans.from_lists([]), np.zeros((0, 0), dtype=np.float32))
        spans = Spans.join(words)
        order = np.argsort(np.concatenate(indices))
        probabilities = torch.cat(values).cpu().numpy()[spans.rows(order)]
        spans = spans.take(order)
        non_empty = spans.lengths > 0
        return WordPredictions(texts, spans.keep(non_empty), probabilities[non_empty])
