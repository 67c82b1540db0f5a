"""Embedders with a table equal a loop over texts."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import BYTES, CHARACTERS, NGRAMS, TEXTS
from vitrina.errors import InputError
from vitrina.models.embedders.bytes import BytesEmbedder
from vitrina.models.embedders.characters import CharactersEmbedder
from vitrina.models.embedders.ngrams import NgramsEmbedder
from vitrina.models.encoders.config import MeanConfig
from vitrina.models.encoders.mean import MeanEncoder
from vitrina.models.token_batch import TokenBatch
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text import batch
from vitrina.text.batch import TextBatch
from vitrina.text.ngrams import hash_ngrams

strings_of = st.lists(
    st.text(st.one_of(st.characters(), st.sampled_from("аАбЁ \n\ud83d\ude00İ")), max_size=8),
    min_size=1,
    max_size=8,
)


def by_text(inputs: TokenBatch) -> list[list[int]]:
    assert inputs.ids.dtype == torch.int64
    assert inputs.num_tokens.tolist() == inputs.lengths.tolist()
    return [part.tolist() for part in inputs.ids.split(inputs.lengths.tolist())]


def fit_characters(strings: list[str], **changes: Any) -> CharactersEmbedder:
    config, texts = replace(CHARACTERS, **changes), TextBatch.from_strings(strings)
    nothing = TextBatch.from_strings([])
    return CharactersEmbedder(
        config, CharactersEmbedder.fit(config, Corpus(nothing, lambda: texts))
    )


def lower_case(character: str) -> str:
    return character.lower() if len(character.lower()) == 1 else character


@given(strings_of, strings_of, st.integers(1, 3), st.booleans())
def test_alphabet_is_fitted_on_noisy_texts(
    known: list[str], strings: list[str], min_frequency: int, lowercase: bool
) -> None:
    def characters(text: str) -> list[str]:
        return [lower_case(character) if lowercase else character for character in text]

    counts = Counter(character for text in known for character in characters(text))
    alphabet = sorted(c for c, count in counts.items() if count >= min_frequency)
    settings = {"min_frequency": min_frequency, "lowercase": lowercase}
    if not alphabet:
        with pytest.raises(InputError, match=r"embedder\.min_frequency = \d: must be at most \d"):
            fit_characters(known, **settings)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "PIECE", 5)
        embedder = fit_characters(known, **settings)
    ids = {character: 1 + i for i, character in enumerate(alphabet)}
    assert embedder.table.num_embeddings == 1 + len(alphabet)
    wanted = [[ids.get(c, 0) for c in characters(text) or " "] for text in strings]
    assert by_text(embedder.tokenizer(TextBatch.from_strings(strings))) == wanted


def test_unknown_characters_share_an_id_and_empty_text_is_a_blank() -> None:
    embedder = fit_characters(["аа бб а", "Б ж"])
    found = by_text(embedder.tokenizer(TextBatch.from_strings(["а б", "жБ\ud800中", "", " "])))
    assert found == [[2, 1, 3], [0, 0, 0, 0], [1], [1]]


@given(strings_of)
def test_bytes_equal_utf8(strings: list[str]) -> None:
    embedder = BytesEmbedder(BYTES, FittedState())
    wanted = [
        list("".join("\ufffd" if "\ud800" <= c < "\ue000" else c for c in text).encode()) or [256]
        for text in strings
    ]
    assert by_text(embedder.tokenizer(TextBatch.from_strings(strings))) == wanted


@given(strings_of, st.integers(1, 2**31 - 1), st.booleans(), st.booleans())
def test_ngram_ids_are_hashes_scaled_to_rows(
    strings: list[str], num_buckets: int, lowercase: bool, whole_words: bool
) -> None:
    config = replace(NGRAMS, min_n=2, lowercase=lowercase, whole_words=whole_words)
    embedder = NgramsEmbedder(config, FittedState())
    embedder.tokenizer.config.num_buckets = num_buckets  # only the tokenizer is used
    found = by_text(embedder.tokenizer(TextBatch.from_strings(strings)))
    for text, rows in zip(strings, found, strict=True):
        folded = "".join(map(lower_case, text)) if lowercase else text
        hashes, _ = hash_ngrams(TextBatch.from_strings([folded]), 2, 4, whole_words=whole_words)
        wanted = [(number >> 32) * num_buckets >> 32 for number in hashes.tolist()]
        assert rows == (wanted or [num_buckets])


def test_texts_without_ngrams_use_the_last_row() -> None:
    config = replace(NGRAMS, min_n=4, max_n=4, whole_words=False)
    embedder = NgramsEmbedder(config, FittedState())
    found = by_text(embedder.tokenizer(TextBatch.from_strings(["", "а", " \n", "аб"])))
    assert found[:3] == [[50], [50], [50]] and len(found[3]) == 1 and found[3][0] < 50
    assert embedder.table.num_embeddings == 51


def test_alphabet_is_saved(tmp_path: Path) -> None:
    texts = TextBatch.from_strings(TEXTS)
    fitted = CharactersEmbedder.fit(CHARACTERS, Corpus(texts, lambda: texts))
    assert fitted.arrays["code_points"].dtype == np.int32
    fitted.save(tmp_path / "a")
    saved = CharactersEmbedder(CHARACTERS, fitted)
    loaded = CharactersEmbedder(CHARACTERS, FittedState.load(tmp_path / "a"))
    assert by_text(saved.tokenizer(texts)) == by_text(loaded.tokenizer(texts))


def test_unfitted_embedders_request_no_noisy_texts() -> None:
    def noisy() -> TextBatch:
        raise AssertionError

    nothing = TextBatch.from_strings([])
    assert BytesEmbedder.fit(BYTES, Corpus(nothing, noisy)) == FittedState()
    assert NgramsEmbedder.fit(NGRAMS, Corpus(nothing, noisy)) == FittedState()


def test_mean_encoder_equals_the_mean_of_each_text() -> None:
    embedder = NgramsEmbedder(NGRAMS, FittedState())
    inputs = embedder.tokenizer(TextBatch.from_strings(TEXTS))
    states = MeanEncoder(MeanConfig(kind="mean"), embedder.dim)(embedder(inputs))
    assert states.lengths.tolist() == [1] * len(TEXTS)
    wanted = [embedder.table.weight[ids].mean(0) for ids in by_text(inputs)]
    torch.testing.assert_close(states.values, torch.stack(wanted))


def test_sparse_gradient_equals_the_dense_one() -> None:
    gradients = []
    for sparse in (True, False):
        embedder = NgramsEmbedder(replace(NGRAMS, sparse=sparse), FittedState())
        torch.nn.init.ones_(embedder.table.weight)
        x = embedder(embedder.tokenizer(TextBatch.from_strings(TEXTS))).values
        (x.cumsum(0) ** 2).mean().backward()
        gradient = embedder.table.weight.grad
        assert gradient is not None and gradient.is_sparse == sparse
        gradients.append(gradient.to_dense() if sparse else gradient)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize(
    ("config", "changed", "message"),
    [
        (CHARACTERS, {"min_frequency": 0}, "embedder.min_frequency = 0: must be at least 1"),
        (CHARACTERS, {"dropout": 1.0}, "embedder.dropout = 1.0: must be at least 0 and below 1"),
        (BYTES, {"dim": 0}, "embedder.dim = 0: must be at least 1"),
        (BYTES, {"dropout": -0.1}, "embedder.dropout = -0.1: must be at least 0 and below 1"),
        (NGRAMS, {"min_n": 0}, "embedder.min_n = 0: must be at least 1"),
        (NGRAMS, {"min_n": 5}, "embedder.max_n = 4: must be from embedder.min_n (5) to 32"),
        (NGRAMS, {"max_n": 33}, "embedder.max_n = 33: must be at most 32"),
        (
            NGRAMS,
            {"num_buckets": 2**31},
            "embedder.num_buckets = 2147483648: must be at least 1",
        ),
    ],
)
def test_invalid_settings_are_refused(config: Any, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        replace(config, **changed)
    assert message in str(error.value)
