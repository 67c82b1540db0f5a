"""Every stage accepts any text; every key accepts or refuses any value."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra.errors import HydraException
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

import vitrina
from tests.cli.test_compose import composer
from tests.noise.options import option
from tests.tiny import EMBEDDERS, build
from vitrina.cli.compose import check
from vitrina.cli.explain import explain
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.models.token_batch import split_by_tokens
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.registry import components
from vitrina.text.batch import TextBatch

ANY = st.text(st.characters(exclude_categories=()), max_size=20)
HARD = [
    "",
    "\x00\x1b[31m\x7f\x85",
    "\ud800\udfff один \udc00",
    "\U000e0041\U0010ffff\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "а" + "\u0301" * 300,
    "\u202eпривет\u202c \u2067שלום\u2069",
    "\u1112\u1161\u11ab\u0e33\ufe0f\ufdfa",
    "\ufffe\uffff\u2028\u2029",
]
LONG = "дурак, " * 14_286
few = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])

NOISES = {kind: build_noise(option(kind), 1) for kind in components("noise")}
NORMALIZERS = {
    kind: build_normalizer(compose_config([f"normalizer={kind}"]).normalizer)
    for kind in ("none", "confusables", "rules")
}


@pytest.mark.parametrize("kind", NOISES)
@few
@given(st.lists(ANY, max_size=4))
@example(HARD)
@example([LONG])
def test_any_text_through_noise(kind: str, strings: list[str]) -> None:
    noise, texts = NOISES[kind], TextBatch.from_strings(strings)
    noisy = noise(texts, noise.mark(texts), np.arange(len(texts)), 3)
    assert len(noisy.texts) == len(strings)
    spans = noisy.word_spans()
    for index, text in enumerate(noisy.texts):
        for word in range(int(spans.offsets[index]), int(spans.offsets[index + 1])):
            assert 0 <= spans.starts[word] <= spans.ends[word] <= len(text)


@pytest.mark.parametrize("kind", NORMALIZERS)
@few
@given(st.lists(ANY, max_size=4))
@example(HARD)
@example([LONG])
def test_any_text_through_a_normalizer(kind: str, strings: list[str]) -> None:
    normalizer = NORMALIZERS[kind]
    assert len(normalizer(TextBatch.from_strings(strings))) == len(strings)
    for string in strings:
        shown, back = normalizer.with_offsets(string)
        if shown:
            start, end = back.to_original(0, len(shown))
            assert 0 <= start <= end <= len(string)


@pytest.mark.parametrize("kind", EMBEDDERS)
def test_any_text_through_a_model(kind: str) -> None:
    model = build(kind, "cnn").eval()

    @few
    @given(st.lists(ANY, min_size=1, max_size=4))
    @example(HARD)
    @example([LONG[:5_000]])
    def scores_are_finite(strings: list[str]) -> None:
        inputs = model.embedder.tokenizer(TextBatch.from_strings(strings))
        with torch.inference_mode():
            assert torch.isfinite(model(inputs)).all()

    scores_are_finite()


def test_any_text_gets_a_prediction(trained: Path) -> None:
    model = vitrina.load(trained)

    @few
    @given(st.lists(ANY, max_size=4))
    @example(HARD)
    @example([LONG] * 3)
    def predicted(strings: list[str]) -> None:
        found = model.probabilities(strings)
        assert found.shape == (len(strings), 2) and np.isfinite(found).all()
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-4)

    predicted()


@few
@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(1, 400))
def test_chunks_have_at_most_max_tokens(sizes: list[int], most: int) -> None:
    """A text that is longer is a chunk by itself."""
    chunks = list(split_by_tokens(np.array(sizes), most))
    assert sorted(np.concatenate(chunks).tolist()) == list(range(len(sizes)))
    for chunk in chunks:
        assert sum(sizes[index] for index in chunk) <= most or len(chunk) == 1


def keys() -> list[str]:
    """Return every key of the default configuration, nested ones with dots."""

    def of(values: Any, start: str) -> list[str]:
        if not isinstance(values, dict) or not values:
            return [start]
        return [key for name, each in values.items() for key in of(each, f"{start}.{name}")]

    values = OmegaConf.to_container(OmegaConf.structured(compose_config()))
    assert isinstance(values, dict)
    return [key for name, each in values.items() for key in of(each, str(name))]


KEYS = keys()
VALUES = (
    *("null", "true", "-1", "0", "1e999", "nan", "-inf", "99999999999999999999999", "''", "[]"),
    *("{}", "{a: 1}", "[1,[2]]", "[null]", "${x}", "${oc.env:NONE}", "?", "???", "a b", "\\", "'"),
    *("жопа", "1_000", "0x10", "!!python/none", "\x00", "\n", "${", "1,2", "choice(1,2)", "*"),
)


@settings(max_examples=12)
@given(st.sampled_from(KEYS), st.sampled_from(VALUES) | st.text(max_size=6))
@example("dataset.where", "{a: {b: [1]}}")
@example("dataset.extra", "true")
@example("tracking.tags", "[null,1]")
@example("threads", "1e999")
@example("name", "\x00")
def test_any_value_of_any_key_is_accepted_or_refused_in_one_line(key: str, value: str) -> None:
    try:
        check(composer(f"{key}={value}").compose(multirun=False))
    except (InputError, HydraException, OmegaConfBaseException) as error:
        message = explain(error)
        assert message and len(message.splitlines()) == 1
