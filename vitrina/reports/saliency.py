"""Which parts of a text speak for what a model says: each token is left out in turn.

Representation erasure (Li, Monroe and Jurafsky 2016, "Understanding neural networks through
representation erasure"): the log-odds of the prediction, less those without the token. Its
embedding becomes zero, so that this works for whatever an embedder makes tokens of; to take it out
would move all tokens behind it against the strides of the encoder. All ways of leaving one out of a
text pass through encoder and head as texts of a batch.

Windows that overlap show a letter several times: with a window those others are left out that show
its middle too. Embedders whose tokens have no place in the text (n-grams, bytes) have each drawn
glyph of the text itself left out.
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
"""Tokens of a text that are left out one by one; of longer texts, runs of several."""

BATCH_TOKENS = 40_000
"""Tokens that pass through the encoder at once."""


@dataclass(frozen=True)
class Salient:
    """A text with the weight of each of its tokens.

    Attributes:
        text: as the model reads it, normalised.
        starts, ends: int64 [num_tokens], the code points that each token shows, rising.
        weights: float64 [num_tokens], by how much the token raises the log-odds of the label;
            below zero where it speaks against it.
        log_odds: of the label, with all tokens.
    """

    text: str
    starts: np.ndarray
    ends: np.ndarray
    weights: np.ndarray
    log_odds: float


def saliency(model: TrainedModel, texts: TextBatch, labels: Sequence[int]) -> list[Salient]:
    """The weights of all tokens of the texts.

    Args:
        texts: cleaned, not normalised.
        labels: for each text the index of the label that is explained.

    Raises:
        InputError: if the model labels words and not texts.
    """
    embedder = model.model.embedder
    if isinstance(embedder, WordsEmbedder):
        raise InputError("saliency is of models that label texts, and this one labels words")
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
        whole, without = _leave_out(model, tokens, label, reach(embedder))
        found.append(Salient(text, starts, ends, whole - without, whole))
    return found


def reach(embedder: Embedder) -> int:
    """How many tokens to each side show the middle of a token too."""
    if not isinstance(embedder, VisualEmbedder):
        return 0
    return max(0, -(-embedder.token_px[1] // (2 * embedder.step_px)) - 1)


def token_spans(
    pipeline: TextPipeline, texts: TextBatch
) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Return the first code point of each token and the one behind its last; None if unknown.

    Args:
        texts: as the tokenizer gets them.
    """
    found = pipeline.tokenizer.spans(texts)
    if found is None:
        return None
    counts = pipeline.tokenize(texts).num_tokens
    parts = [np.split(each, np.cumsum(counts)[:-1]) for each in found]
    return list(zip(*parts, strict=True))


def _leave_out(
    model: TrainedModel, tokens_ND: Tensor, label: int, reach: int
) -> tuple[float, np.ndarray]:
    """Log-odds with all tokens, and float64 [N], without each of them."""
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
    """Log-odds of a label, float64 [B], with the tokens that are kept, the others zero."""
    kept = torch.from_numpy(kept_BN).to(tokens_ND.device).unsqueeze(2)
    values = torch.where(kept, tokens_ND, tokens_ND.new_zeros(())).flatten(0, 1)
    lengths = np.full(len(kept_BN), len(tokens_ND), dtype=np.int64)
    inner = model.model
    with torch.inference_mode(), model.autocast():
        logits_BC = inner.head(inner.encoder(Ragged(values, lengths)))
        return _odds_of(model.task.probabilities(logits_BC), label)


def _odds_of(probabilities_BC: Tensor, label: int) -> np.ndarray:
    p = probabilities_BC[:, label].double().clamp(1e-9, 1 - 1e-9)
    return (p.log() - (1 - p).log()).cpu().numpy()


def _without_glyphs(model: TrainedModel, text: str, label: int) -> Salient:
    """Each drawn glyph is left out of the text itself, which is read again."""
    starts, ends = glyph_spans(TextBatch.from_strings([text]))
    size = max(1, -(-len(starts) // MOST_PARTS))
    firsts = np.arange(0, len(starts), size)
    lasts = np.minimum(firsts + size, len(starts)) - 1
    without = [text[: starts[a]] + text[ends[b] :] for a, b in zip(firsts, lasts, strict=True)]
    with torch.inference_mode(), model.autocast():
        inputs = model.pipeline.tokenize(TextBatch.from_strings([text, *without])).to(model.device)
        found = _odds_of(model.task.probabilities(model.model(inputs)), label)
    weights = np.repeat(found[0] - found[1:], size)[: len(starts)]
    return Salient(text, starts, ends, weights, float(found[0]))
