"""What a model says of words, and where these stand in the texts that it was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitrina.models.embedders.words import WordTokenBatch
from vitrina.models.model import Model
from vitrina.models.predictor import Predictor
from vitrina.models.token_batch import TokenBatch
from vitrina.normalizers.alignment import align_spans
from vitrina.normalizers.base import Normalizer
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
    """A model that labels words, with all that stands before and behind it.

    Args:
        model: with an embedder of words.
        normalizer: applied to the texts first; it knows the way back.
        probabilities: logits [W, C] to probabilities [W, C].
        max_tokens: tokens that pass through the model at once.
        precision: auto, fp32 or bf16.
    """

    def __init__(
        self,
        model: Model,
        normalizer: Normalizer,
        probabilities: Callable[[Tensor], Tensor],
        *,
        max_tokens: int,
        precision: str,
    ) -> None:
        super().__init__(
            model, normalizer, probabilities, max_tokens=max_tokens, precision=precision
        )
        self.normalizer = normalizer

    def tokenize(self, texts: TextBatch) -> TokenBatch:
        """The normalised texts, with the words where they stand in `texts`."""
        shown = self.normalizer(texts)
        inputs = self.model.embedder.tokenize(shown)
        assert isinstance(inputs, WordTokenBatch)
        return inputs.with_words(align_spans(inputs.words, shown, texts, self.normalizer))

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
