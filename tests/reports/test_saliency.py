"""Saliency against erasing one token at a time, for every embedder."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import tiny
from vitrina.errors import InputError
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.layers.ragged import Ragged
from vitrina.reports.pictures import salient_pictures, salient_text, token_columns
from vitrina.reports.saliency import MOST_PARTS, reach, saliency, token_spans
from vitrina.text.batch import TextBatch

SHOWN = ["жопа", "", "}|{0па, привет!", "о\u0301 \u200b я"]


def trained(model: Any) -> Any:
    """Return the attributes of a trained model that saliency uses."""
    return SimpleNamespace(
        model=model.eval(),
        task=SimpleNamespace(probabilities=lambda logits: logits.float().softmax(dim=1)),
        pipeline=tiny.pipeline_of(model),
        autocast=nullcontext,
        device=torch.device("cpu"),
    )


@torch.inference_mode()
def slow_weights(model: Any, text: str, label: int) -> np.ndarray:
    """Set the embedding of each token to zero, in separate batches."""

    def log_odds(values: torch.Tensor) -> float:
        x = Ragged(values, np.array([len(values)]))
        p = model.head(model.encoder(x)).double().softmax(dim=1)[0, label]
        return float(torch.logit(p))

    tokens = model.embedder(model.embedder.tokenizer(TextBatch.from_strings([text]))).values
    side, weights = reach(model.embedder), []
    for place in range(len(tokens)):
        without = tokens.clone()
        without[max(0, place - side) : place + side + 1] = 0
        weights.append(log_odds(tokens) - log_odds(without))
    return np.array(weights)


@pytest.mark.parametrize(
    "kind", [name for name in tiny.EMBEDDERS if name not in ("bytes", "ngrams")]
)
def test_weights_match_loop(kind: str) -> None:
    model = tiny.build(kind, "cnn")
    found = saliency(trained(model), TextBatch.from_strings(SHOWN), [0, 1, 2, 0])
    for text, label, one in zip(SHOWN, [0, 1, 2, 0], found, strict=True):
        assert one.text == text
        np.testing.assert_allclose(one.weights, slow_weights(model, text, label), atol=1e-4)
        assert len(one.starts) == len(one.ends) == len(one.weights)
        assert (one.ends <= max(1, len(text))).all() and (one.starts <= one.ends).all()
    assert np.abs(found[2].weights).max() > 1e-4


@pytest.mark.parametrize("kind", ["bytes", "ngrams"])
def test_tokens_without_spans_erase_glyphs_of_text(kind: str) -> None:
    model = tiny.build(kind, "mean")
    text = "о\u0301пять"
    (one,) = saliency(trained(model), TextBatch.from_strings([text]), [1])
    assert one.starts.tolist() == [0, 2, 3, 4, 5] and one.ends.tolist() == [2, 3, 4, 5, 6]

    def log_odds(shown: str) -> float:
        inputs = model.embedder.tokenizer(TextBatch.from_strings([shown]))
        with torch.inference_mode():
            return float(torch.logit(model(inputs).double().softmax(dim=1)[0, 1]))

    expected = [log_odds(text) - log_odds(text[:a] + text[b:]) for a, b in [(0, 2), (2, 3)]]
    np.testing.assert_allclose(one.weights[:2], expected, atol=1e-4)


def test_long_texts_erase_runs_of_tokens() -> None:
    model = tiny.build("glyphs", "cnn")
    (one,) = saliency(trained(model), TextBatch.from_strings(["жопа " * 100]), [0])
    assert len(one.weights) == 500
    assert len(set(np.round(one.weights, 9))) <= MOST_PARTS
    runs = one.weights.reshape(-1, 4)
    assert (runs == runs[:, :1]).all()


def test_reach_of_overlapping_windows() -> None:
    slices, line = tiny.build("slices", "mean"), tiny.build("line", "mean")
    assert reach(slices.embedder) == 3  # windows of 32 px every 5 px
    assert reach(line.embedder) == 1  # every 8 px
    assert reach(tiny.build("glyphs", "mean").embedder) == 0


def test_word_labeling_is_refused() -> None:
    with pytest.raises(InputError, match="labels words"):
        saliency(trained(tiny.build_words("glyphs", "cnn")), TextBatch.from_strings(["а"]), [0])


@pytest.mark.parametrize("kind", ["glyphs", "glyph_ngrams", "slices", "line"])
def test_every_column_belongs_to_one_token(kind: str) -> None:
    model = tiny.build(kind, "cnn")
    embedder = model.embedder
    assert isinstance(embedder, VisualEmbedder)
    texts = TextBatch.from_strings(SHOWN)
    stride = getattr(embedder.config, "stride_px", None)  # type: ignore[attr-defined]
    for text, one in zip(SHOWN, saliency(trained(model), texts, [0] * 4), strict=True):
        columns = token_columns(embedder.tokenizer.renderer, text, len(one.weights), stride, 32)
        assert len(columns) == len(one.weights) + 1 and columns[0] == 0
        assert (np.diff(columns) > 0).all() or stride is not None
        html = str(salient_pictures(embedder.tokenizer.renderer, one, columns))
        assert html.count("<img") == html.count("data:image/png;base64,") >= 1


def test_salient_text_keeps_text() -> None:
    model = tiny.build("wordpiece", "cnn")
    text = "жопа <script>alert(1)</script> & привет"
    spans = token_spans(tiny.pipeline_of(model), TextBatch.from_strings([text]))
    assert spans is not None and spans[0][0][0] == spans[0][1][0] == 0  # the special token
    (one,) = saliency(trained(model), TextBatch.from_strings([text]), [0])
    html = str(salient_text(one))
    assert "<script" not in html and "&lt;" in html and "&amp;" in html
    import html as library
    import re

    assert library.unescape(re.sub(r"<[^>]+>", "", html)) == text


def test_long_words_are_split() -> None:
    from vitrina.reports.pictures import MOST_PX, drawn_words

    line, words, _ = drawn_words(GlyphRenderer([], 12, 24), "ж" * 100 + " да")
    assert "".join(word.text for word in words) == "ж" * 100 + " да"
    assert max(word.right - word.left for word in words) <= MOST_PX
    assert words[0].left == 0 and words[-1].right == line.shape[1]
