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
    """Return a faster copy of `model` for eval mode only; outputs are equal up to rounding.

    Batch normalization is fused into the preceding convolutions. Weights of matrix products have
    the dtype of the products.
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
    """A module that can fuse its normalization into the preceding layers."""

    def fold(self) -> None: ...


BATCH_SIZE = 128
"""Maximum number of texts in a forward pass: their activations should fit in the cache."""


def encoded_parts(
    texts: TextBatch, encode: Callable[[TextBatch], TokenBatch], max_tokens: int
) -> Iterator[tuple[np.ndarray, TokenBatch]]:
    """Encode texts and yield them in batches of at most `max_tokens` tokens and similar length.

    Yields:
        The indices of the texts in a batch, int64, and the encoded texts.
    """
    order = np.argsort(texts.lengths, kind="stable")
    for start in range(0, len(order), BATCH_SIZE):
        batch = order[start : start + BATCH_SIZE]
        inputs = encode(texts.take(batch))
        for part in split_by_tokens(inputs.num_tokens, max_tokens):
            yield batch[part], inputs if len(part) == len(inputs) else inputs.take(part)


class Predictor:
    """Predicts probabilities for texts.

    Args:
        model: in any mode; each call switches it to eval mode and back.
        pipeline: prepares the texts.
        probabilities: maps logits [B, C] to probabilities [B, C].
        max_tokens: maximum number of tokens in a forward pass.
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
        """Return probabilities, float32 [num_texts, C], in the order of the texts."""
        results: list[tuple[np.ndarray, Tensor]] = []
        self.run(texts, lambda indices, _, values: results.append((indices, values)))
        if not results:
            return np.zeros((0, 0), dtype=np.float32)
        # Copy from the device once, after all batches were sent to it.
        indices = np.concatenate([index for index, _ in results])
        values = torch.cat([value for _, value in results]).cpu().numpy()
        out = np.empty_like(values)
        out[indices] = values
        return out

    def tokenize(self, texts: TextBatch) -> TokenBatch:
        """Return the tokens that the model gets."""
        return self.pipeline.prepare(texts)

    def run(self, texts: TextBatch, keep: Callable[[np.ndarray, TokenBatch, Tensor], None]) -> None:
        """Predict in batches and call `keep` for each.

        Its arguments are the indices of the texts, int64 [B], their tokens, and their
        probabilities, which are still on the device.
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
