"""Probabilities for any number of texts, in batches bounded by tokens."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.models.model import Model
from vitrina.models.precision import autocast, dtype_of
from vitrina.models.prepare import TextPipeline
from vitrina.models.token_batch import TokenBatch, split_by_tokens
from vitrina.text.batch import TextBatch


def for_inference(model: Model, precision: str) -> Model:
    """A copy of `model` that scores as it does in eval mode, with less work; for nothing else.

    Batch normalisations are merged into the convolutions before them, and the weights of matrix
    products stand in the precision in which they are multiplied.
    """
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    dtype = dtype_of(precision, model.device)
    for module in copied.modules():
        if isinstance(module, Fusable):
            module.fold()
    for module in copied.modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d):
            module.to(dtype)
    return copied


@runtime_checkable
class Fusable(Protocol):
    """A module that can merge its normalisations into what stands before them."""

    def fold(self) -> None: ...


BATCH_SIZE = 128
"""Texts that pass through a model at once: what they become should stay in the cache."""


def encoded_parts(
    texts: TextBatch, encode: Callable[[TextBatch], TokenBatch], max_tokens: int
) -> Iterator[tuple[np.ndarray, TokenBatch]]:
    """All texts as inputs in parts of at most `max_tokens`, texts of like length together.

    Yields:
        int64 the indices of a part's texts, and these encoded.
    """
    order = np.argsort(texts.lengths, kind="stable")
    for start in range(0, len(order), BATCH_SIZE):
        batch = order[start : start + BATCH_SIZE]
        inputs = encode(texts.take(batch))
        for part in split_by_tokens(inputs.num_tokens, max_tokens):
            yield batch[part], inputs if len(part) == len(inputs) else inputs.take(part)


class Predictor:
    """A model with all that stands before and behind it.

    Args:
        model: in whichever mode; it predicts in eval mode and is put back.
        pipeline: prepares the texts.
        probabilities: logits [B, C] to probabilities [B, C].
        max_tokens: tokens that pass through the model at once.
        precision: auto, fp32 or bf16.
    """

    def __init__(
        self,
        model: Model,
        pipeline: TextPipeline,
        probabilities: Callable[[Tensor], Tensor],
        *,
        max_tokens: int,
        precision: str,
    ) -> None:
        self.model, self.pipeline, self.probabilities = model, pipeline, probabilities
        self.max_tokens, self.precision = max_tokens, precision

    def __call__(self, texts: TextBatch) -> Any:
        """float32 [num_texts, C], in the order of the texts."""
        results: list[tuple[np.ndarray, Tensor]] = []
        self.run(texts, lambda indices, _, values: results.append((indices, values)))
        if not results:
            return np.zeros((0, 0), dtype=np.float32)
        # Read from the device once, when everything has been sent to it.
        indices = np.concatenate([index for index, _ in results])
        values = torch.cat([value for _, value in results]).cpu().numpy()
        out = np.empty_like(values)
        out[indices] = values
        return out

    def tokenize(self, texts: TextBatch) -> TokenBatch:
        """Return the integers that the model gets."""
        return self.pipeline.prepare(texts)

    def run(self, texts: TextBatch, keep: Callable[[np.ndarray, TokenBatch, Tensor], None]) -> None:
        """Give `keep` the probabilities for some texts after the others, and for which they are.

        What it is given: int64 [B], the texts' indices; the texts as encoded; the probabilities,
        which are still on the device.
        """
        device = self.model.device
        was_training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode(), autocast(self.precision, device):
                for part, inputs in encoded_parts(texts, self.tokenize, self.max_tokens):
                    keep(part, inputs, self.probabilities(self.model(inputs.to(device))))
        finally:
            self.model.train(was_training)
