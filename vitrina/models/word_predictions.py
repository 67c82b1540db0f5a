"""What a model says of words, and where these stand in the texts that it was given."""

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
    """Labels of the words of texts; `said[i]` is what is said of text `i` alone.

    Attributes:
        texts: the texts.
        words: their words, as the model saw them; `labels` mean nothing.
        probabilities: float [num_words, C]; label 0 is that of words without one.
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
    """A model that labels words, with all that stands before and behind it."""

    def tokenize(self, texts: TextBatch) -> TokenBatch:
        """Return the integers that the model gets, with the words where they are in `texts`."""
        shown = self.pipeline(texts)
        inputs = self.pipeline.tokenize(shown)
        assert isinstance(inputs, WordTokenBatch)
        return inputs.with_words(align_spans(inputs.words, shown, texts, self.pipeline))

    def __call__(self, texts: TextBatch) -> WordPredictions:
        """What the model says of the words of all texts, in their order."""
        indices: list[np.ndarray] = []
        words: list[Spans] = []
        values: list[Tensor] = []

        def keep(some: np.ndarray, inputs: TokenBatch, probabilities: Tensor) -> None:
            assert isinstance(inputs, WordTokenBatch)
            indices.append(some)
            words.append(inputs.words)
            values.append(probabilities)

        self.run(texts, keep)
        if not indices:
            return WordPredictions(texts, Spans.from_lists([]), np.zeros((0, 0), dtype=np.float32))
        said = Spans.join(words)
        order = np.argsort(np.concatenate(indices))
        probabilities = torch.cat(values).cpu().numpy()[said.rows(order)]
        said = said.take(order)
        real = said.lengths > 0
        return WordPredictions(texts, said.keep(real), probabilities[real])
