"""Models that label words: predictions do not depend on the batch."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.tiny import EMBEDDERS, TEXTS, build_words, pipeline_of
from vitrina.models.embedders.words import WordTokenBatch, shown_words
from vitrina.models.model import Model
from vitrina.models.predictor import for_inference
from vitrina.models.word_predictions import WordPredictions, WordPredictor
from vitrina.normalizers.unicode import UnicodeNormalizer
from vitrina.text.batch import TextBatch

PAIRS = list(itertools.product(EMBEDDERS, ("cnn", "transformer")))


def encoded(model: Model, strings: list[str]) -> WordTokenBatch:
    inputs = model.embedder.tokenizer(TextBatch.from_strings(strings))
    assert isinstance(inputs, WordTokenBatch)
    return inputs


def by_text(logits: Tensor, inputs: WordTokenBatch) -> list[Tensor]:
    return list(logits.split(inputs.words.counts.tolist()))


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_prediction_does_not_depend_on_the_batch(kinds: tuple[str, str]) -> None:
    model = build_words(*kinds).eval()
    with torch.inference_mode():
        inputs = encoded(model, TEXTS)
        together = model(inputs)
        assert together.shape == (inputs.words.counts.sum(), 3)
        alone = torch.cat([model(encoded(model, [text])) for text in TEXTS])
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
        order = np.array([4, 1, 0])
        taken = inputs.take(order)
        parts = by_text(together, inputs)
        wanted = torch.cat([parts[i] for i in order])
        torch.testing.assert_close(model(taken), wanted, atol=1e-5, rtol=1e-5)
        assert np.array_equal(taken.num_tokens, inputs.num_tokens[order])
        assert taken.num_tokens.sum() == taken.inner.num_tokens.sum()
        exact = for_inference(model, "fp32")
        torch.testing.assert_close(exact(inputs), together, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_bf16_prediction_depends_on_the_batch_by_rounding_only(kinds: tuple[str, str]) -> None:
    model = build_words(*kinds).eval()
    rounded = for_inference(model, "bf16")
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        together = model(encoded(model, TEXTS))
        alone = torch.cat([model(encoded(model, [text])) for text in TEXTS])
        scale = together.abs().max().item()
        torch.testing.assert_close(together, alone, atol=0.03 * scale, rtol=0.03)
        found = rounded(encoded(model, TEXTS))
        torch.testing.assert_close(found, together, atol=0.03 * scale, rtol=0.03)


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_all_weights_get_gradients(kinds: tuple[str, str]) -> None:
    model = build_words(*kinds)
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("pool", ["max", "mean", "max_mean"])
def test_word_embedding_equals_pooled_tokens(pool: str) -> None:
    model = build_words("glyphs", "cnn", pool).eval()
    embedder = model.embedder
    embedder.blocks = torch.nn.ModuleList()  # pyright: ignore[reportAttributeAccessIssue]
    inputs = encoded(model, TEXTS)
    with torch.inference_mode():
        found = embedder(inputs)
        tokens = embedder.inner(inputs.inner)  # pyright: ignore[reportCallIssue]
    wanted = []
    for word in tokens.values.split(tokens.lengths.tolist()):
        pooled = {"max": word.amax(0), "mean": word.mean(0)}
        wanted.append(torch.cat([pooled[name] for name in pool.split("_")]))
    torch.testing.assert_close(found.values, torch.stack(wanted))
    assert found.values.shape[1] == embedder.dim
    assert np.array_equal(found.lengths, shown_words(TextBatch.from_strings(TEXTS)).counts)


def test_text_without_words_gets_an_empty_word() -> None:
    words = shown_words(TextBatch.from_strings(["", "а б", "  ", "в", "\n"]))
    assert words.counts.tolist() == [1, 2, 1, 1, 1]
    assert words.lengths.tolist() == [0, 1, 1, 0, 1, 0]


def predictor(model: Model, max_tokens: int = 10**6) -> WordPredictor:
    return WordPredictor(
        model,
        pipeline_of(model, UnicodeNormalizer()),
        lambda logits: logits.softmax(1),
        max_tokens=max_tokens,
        precision="fp32",
    )


def spans(result: WordPredictions) -> list[tuple[int, int]]:
    return list(zip(result.words.starts.tolist(), result.words.ends.tolist(), strict=True))


def test_predictor_returns_spans_in_the_original_texts() -> None:
    model = build_words("glyphs", "transformer")
    texts = TextBatch.from_strings([*TEXTS, "ﬁ ½ \u200bа\u200bб!", "\u200b"] * 30)
    result = predictor(model, max_tokens=100)(texts)
    assert len(result) == len(texts) and model.training
    one_by_one = [predictor(model)(TextBatch.from_strings([text])) for text in list(texts)[:8]]
    for index in range(len(texts)):
        found, wanted = result[index], one_by_one[index % 8]
        assert spans(found) == spans(wanted) and found.texts[0] == wanted.texts[0]
        np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-5)
    assert spans(result[1]) == [] == spans(result[7])
    words = [result[6].texts[0][a:b] for a, b in spans(result[6])]
    assert words == ["ﬁ", "½", "а\u200bб", "!"]
    assert result[0].probabilities.shape == (1, 3)
    assert len(predictor(model)(TextBatch.from_strings([]))) == 0


def test_predictor_without_a_normalizer_returns_spans() -> None:
    model = build_words("wordpiece", "cnn")
    plain = WordPredictor(
        model, pipeline_of(model), lambda x: x.softmax(1), max_tokens=50, precision="fp32"
    )
    result = plain(TextBatch.from_strings(TEXTS))
    assert [result[2].texts[0][a:b] for a, b in spans(result[2])] == [
        *("}|{0па", ",", "привет", "!", "Как", "дела", "?"),
    ]


def test_load_pretrained_reaches_the_inner_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_words("wordpiece", "cnn")
    loaded: list[str] = []
    inner = type(model.embedder.inner)
    monkeypatch.setattr(inner, "load_pretrained", lambda _: loaded.append("inner"))
    model.load_pretrained()
    assert loaded == ["inner"]
