"""Full models: scores do not depend on the batch."""

import itertools

import numpy as np
import pytest
import torch

from tests.tiny import EMBEDDERS, ENCODERS, TEXTS, build, pipeline_of
from vitrina.models.layers.normalization import BatchNorm
from vitrina.models.predictor import Predictor, for_inference
from vitrina.models.token_batch import split_by_tokens
from vitrina.text.batch import TextBatch

PAIRS = list(itertools.product(EMBEDDERS, ENCODERS))


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_score_does_not_depend_on_the_batch(kinds: tuple[str, str]) -> None:
    model = build(*kinds).eval()
    with torch.inference_mode():
        together = model(model.embedder.tokenizer(TextBatch.from_strings(TEXTS)))
        reversed_ = model(model.embedder.tokenizer(TextBatch.from_strings(TEXTS[::-1]))).flip(0)
        alone = torch.cat(
            [model(model.embedder.tokenizer(TextBatch.from_strings([t]))) for t in TEXTS]
        )
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together, reversed_, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_bf16_score_depends_on_the_batch_by_rounding_only(kinds: tuple[str, str]) -> None:
    model = build(*kinds).eval()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        together = model(model.embedder.tokenizer(TextBatch.from_strings(TEXTS)))
        alone = torch.cat(
            [model(model.embedder.tokenizer(TextBatch.from_strings([t]))) for t in TEXTS]
        )
    scale = together.abs().max().item()
    torch.testing.assert_close(together, alone, atol=0.03 * scale, rtol=0.03)


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_inference_copy_has_equal_scores(kinds: tuple[str, str]) -> None:
    model = build(*kinds)
    for module in model.modules():
        if isinstance(module, BatchNorm):
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    exact, rounded = for_inference(model, "fp32"), for_inference(model, "bf16")
    assert not any(isinstance(module, BatchNorm) for module in exact.modules())
    inputs = model.embedder.tokenizer(TextBatch.from_strings(TEXTS))
    assert model.training and all(torch.equal(model.state_dict()[k], v) for k, v in before.items())
    with torch.inference_mode():
        wanted = model.eval()(inputs)
        torch.testing.assert_close(exact(inputs), wanted, atol=1e-5, rtol=1e-4)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            close = 0.03 * wanted.abs().max().item()
            torch.testing.assert_close(rounded(inputs), model(inputs), atol=close, rtol=0.03)


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_all_weights_get_gradients(kinds: tuple[str, str]) -> None:
    model = build(*kinds)
    missing = [name for name, p in model.named_parameters() if p.grad is None]
    assert missing == []


def test_predictor_keeps_order_and_mode() -> None:
    model = build("glyphs", "cnn")
    model.train()

    def predictor(max_tokens: int) -> Predictor:
        return Predictor(
            model,
            pipeline_of(model),
            lambda logits: logits.softmax(1),
            max_tokens=max_tokens,
            precision="fp32",
        )

    many = TextBatch.from_strings(TEXTS * 60)
    found = predictor(max_tokens=300)(many)
    assert model.training
    assert found.shape == (len(many), 3) and found.dtype == np.float32
    np.testing.assert_allclose(found[: len(TEXTS)], found[-len(TEXTS) :], atol=1e-5)
    singles = [predictor(10**6)(TextBatch.from_strings([text]))[0] for text in TEXTS]
    np.testing.assert_allclose(found[: len(TEXTS)], singles, atol=1e-5)


def test_split_by_tokens_bounds_parts() -> None:
    sizes = np.array([5, 900, 3, 40, 40, 40, 1])
    parts = list(split_by_tokens(sizes, 100))
    assert sorted(np.concatenate(parts).tolist()) == list(range(7))
    assert all(sizes[part].sum() <= 100 or len(part) == 1 for part in parts)
    assert [part.tolist() for part in split_by_tokens(sizes, 2000)] == [list(range(7))]
