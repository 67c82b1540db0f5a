"""Saliency by representation erasure (Li, Monroe and Jurafsky 2016).

The weight of a token is the log-odds of the prediction minus the log-odds without the token. The
embedding of the token is set to zero. Removing it would shift the following tokens relative to the
strides of the encoder. All erased versions of a text form a batch for encoder and head.

Overlapping windows show a letter several times, so the neighbors that contain the center of a
window are erased with it. Embedders whose tokens have no offsets in the text (n-grams, bytes) need
another way: each glyph is removed from the text itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitrina.errors import InputError
from vitrina.glyphs.segmentation import glyph_spans
from vitrina.inference.load import TrainedModel
from vitrina.models.embedders.base import Embedder, VisualEmbedder
from vitrina.models.embedders.words import WordsEmbedder
from vitrina.models.layers.ragged import Ragged
from vitrina.models.prepare import TextPipeline
from vitrina.text.batch import TextBatch

MOST_PARTS = 160
"""Maximum number of erased parts per text; in longer texts a part is several tokens."""

BATCH_TOKENS = 40_000
"""Maximum number of tokens per encoder call."""


@dataclass(frozen=True)
class Salient:
    """A text with the weight of each of its tokens.

    Attributes:
        text: normalized text.
        starts, ends: int64 [num_tokens], spans of the tokens in code points, in order.
        weights: float64 [num_tokens], increase of the log-odds of the label by the token; negative
            for evidence against the label.
        log_odds: log-odds of the label with all tokens.
    """

    text: str
    starts: np.ndarray
    ends: np.ndarray
    weights: np.ndarray
    log_odds: float


def saliency(model: TrainedModel, texts: TextBatch, labels: Sequence[int]) -> list[Salient]:
    """Compute the weights of all tokens.

    Args:
        texts: cleaned, not normalized.
        labels: index of the label to explain, one per text.

    Raises:
        InputError: if the model labels words instead of texts.
    """
    embedder = model.model.embedder
    if isinstance(embedder, WordsEmbedder):
        raise InputError("saliency requires a model that labels texts; this one labels words")
    shown = model.pipeline(texts)
    spans = token_spans(model.pipeline, shown)
    found = []
    for index, (text, label) in enumerate(zip(shown, labels, strict=True)):
        one = TextBatch.from_strings([text])
        if spans is None:
            found.append(_without_glyphs(model, text, label))
            continue
        starts, ends = spans[index]
        with torch.inference_mode(), model.autocast():
            tokens = embedder(model.pipeline.tokenize(one).to(model.device)).values
        assert len(tokens) == len(starts), (len(tokens), len(starts))
        whole, without = _erase(model, tokens, label, reach(embedder))
        found.append(Salient(text, starts, ends, whole - without, whole))
    return found


def reach(embedder: Embedder) -> int:
    """Return the number of neighbors on each side that contain the center of a token."""
    if not isinstance(embedder, VisualEmbedder):
        return 0
    return max(0, -(-embedder.token_px[1] // (2 * embedder.step_px)) - 1)


def token_spans(
    pipeline: TextPipeline, texts: TextBatch
) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Return per text the starts and ends (exclusive) of tokens in code points; None if unknown.

    Args:
        texts: input of the tokenizer.
    """
    found = pipeline.tokenizer.spans(texts)
    if found is None:
        return None
    counts = pipeline.tokenize(texts).num_tokens
    parts = [np.split(each, np.cumsum(counts)[:-1]) for each in found]
    return list(zip(*parts, strict=True))


def _erase(
    model: TrainedModel, tokens_ND: Tensor, label: int, reach: int
) -> tuple[float, np.ndarray]:
    """Return the log-odds with all tokens, and without each of them, float64 [N]."""
    count = len(tokens_ND)
    size = max(1, -(-count // MOST_PARTS))
    firsts = np.arange(0, count, size)
    places = np.arange(count)
    kept = (places < firsts[:, None] - reach) | (places >= firsts[:, None] + size + reach)
    kept = np.concatenate([np.ones((1, count), dtype=bool), kept])
    found = np.empty(len(kept))
    per_batch = max(1, BATCH_TOKENS // count)
    for start in range(0, len(kept), per_batch):
        part = kept[start : start + per_batch]
        found[start : start + len(part)] = _log_odds(model, tokens_ND, part, label)
    return float(found[0]), np.repeat(found[1:], size)[:count]


def _log_odds(
    model: TrainedModel, tokens_ND: Tensor, kept_BN: np.ndarray, label: int
) -> np.ndarray:
    """Return the log-odds of a label, float64 [B], with embeddings that are not kept set to 0."""
    kept = torch.from_numpy(kept_BN).to(tokens_ND.device).unsqueeze(2)
    values = torch.where(kept, tokens_ND, tokens_ND.new_zeros(())).flatten(0, 1)
    lengths = np.full(len(kept_BN), len(tokens_ND), dtype=np.int64)
    inner = model.model
    with torch.inference_mode(), model.autocast():
        logits_BC = inner.head(inner.encoder(Ragged(values, lengths)))
        return _to_log_odds(model.task.probabilities(logits_BC), label)


def _to_log_odds(probabilities_BC: Tensor, label: int) -> np.ndarray:
    p = probabilities_BC[:, label].double().clamp(1e-9, 1 - 1e-9)
    return (p.log() - (1 - p).log()).cpu().numpy()


def _without_glyphs(model: TrainedModel, text: str, label: int) -> Salient:
    """Weight each glyph by the drop of the label's log-odds when it is removed."""
    starts, ends = glyph_spans(TextBatch.from_strings([text]))
    size = max(1, -(-len(starts) // MOST_PARTS))
    firsts = np.arange(0, len(starts), size)
    lasts = np.minimum(firsts + size, len(starts)) - 1
    without = [text[: starts[a]] + text[ends[b] :] for a, b in zip(firsts, lasts, strict=True)]
    with torch.inference_mode(), model.autocast():
        inputs = model.pipeline.tokenize(TextBatch.from_strings([text, *without])).to(model.device)
        found = _to_log_odds(model.task.probabilities(model.model(inputs)), label)
    weights = np.repeat(found[0] - found[1:], size)[: len(starts)]
    return Salient(text, starts, ends, weights, float(found[0]))
