"""Glyph tokens with n-grams of visual codes equal a loop over words."""

from copy import copy
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import GLYPH_NGRAMS, GLYPHS, TEXTS, codes_of
from vitrina.deobfuscation.codebook import BLANK
from vitrina.errors import InputError
from vitrina.glyphs.segmentation import segment
from vitrina.models.embedders.glyph_ngrams import GlyphNgramsEmbedder
from vitrina.models.embedders.glyphs import GlyphsEmbedder
from vitrina.models.embedders.glyphs_config import GlyphNgramsConfig, GlyphsConfig
from vitrina.models.embedders.ngram_spans import NgramTokenBatch, mean_of_ngrams
from vitrina.noise.corpus import Corpus
from vitrina.text.batch import TextBatch
from vitrina.text.config import RussianDictionaryConfig
from vitrina.text.dictionary import RussianDictionary
from vitrina.text.hashing import FIRST_MIX, GOLDEN, SECOND_MIX
from vitrina.text.ngrams import BASE, BEGIN, END

TRAINING = TextBatch.from_strings([*TEXTS, "Ты жопа, а не друг! к.о.т ЖОПА*"])
STATE = GlyphNgramsEmbedder.fit(GLYPH_NGRAMS, Corpus(TRAINING, lambda: TRAINING))
DEOBFUSCATOR = codes_of(tuple(TRAINING.to_strings()))
strings_of = st.lists(
    st.text(st.sampled_from("жопаЖaо .*!\n\u0301\u200b中"), max_size=12), min_size=1, max_size=6
)


def embedder_of(**changes: Any) -> GlyphNgramsEmbedder:
    return GlyphNgramsEmbedder(replace(GLYPH_NGRAMS, **changes), STATE)


def encoded(embedder: GlyphNgramsEmbedder, strings: list[str], **changes: bool) -> NgramTokenBatch:
    """Tokenize with a deobfuscator that has changed settings."""
    deobfuscator = copy(DEOBFUSCATOR)
    deobfuscator.settings = replace(DEOBFUSCATOR.settings, **changes)
    texts = TextBatch.from_strings(strings)
    inputs = embedder.tokenizer(texts, deobfuscator(texts))
    assert isinstance(inputs, NgramTokenBatch)
    return inputs


def slow_row(symbols: list[int], key: int, num_buckets: int) -> int:
    state = (sum(symbol * BASE**i for i, symbol in enumerate(symbols)) + key * GOLDEN) % 2**64
    state = (state ^ (state >> 30)) * FIRST_MIX % 2**64
    state = (state ^ (state >> 27)) * SECOND_MIX % 2**64
    return ((state ^ (state >> 31)) >> 32) * num_buckets >> 32


def slow_covering(
    embedder: GlyphNgramsEmbedder, text: str, skip_signs: bool = True, join_spaced: bool = True
) -> list[list[int]]:
    """Return the rows of the n-grams that cover each token, in any order."""
    config, book = embedder.config, DEOBFUSCATOR.codebook
    tokens = segment(TextBatch.from_strings([text]))
    codes = [book.code(tokens.clusters[i]) for i in tokens.ids]
    rows_of_tokens: list[list[int]] = [[] for _ in codes]
    words: list[list[int]] = [[]]
    for place, code in enumerate(codes):
        if code != BLANK:
            words[-1].append(place)
        elif words[-1]:
            words.append([])
    if skip_signs:
        letters = [[p for p in word if not book.is_sign[codes[p]]] for word in words]
        words = [some or word for some, word in zip(letters, words, strict=True)]
    if join_spaced:
        runs = [list(run) for _, run in groupby(words, lambda word: len(word) == 1)]
        words = []
        for run in runs:
            spaced = len(run) >= 3 and len(run[0]) == 1
            words += [[word[0] for word in run]] if spaced else run
    for word in filter(None, words):
        symbols = [BEGIN, *(codes[place] for place in word), END]
        places = [None, *word, None]
        parts = [(0, len(symbols), 0)] if config.whole_words else []
        for n in range(config.min_n, config.max_n + 1):
            parts += [(start, start + n, n) for start in range(len(symbols) - n + 1)]
        for start, end, key in parts:
            row = slow_row(symbols[start:end], key, config.num_buckets)
            for place in places[start:end]:
                if place is not None:
                    rows_of_tokens[place].append(row)
    return rows_of_tokens


@given(
    strings_of, st.integers(1, 4), st.integers(0, 3), st.booleans(), st.booleans(), st.booleans()
)
def test_covering_ngrams_equal_reference(
    strings: list[str],
    min_n: int,
    more: int,
    whole_words: bool,
    skip_signs: bool,
    join_spaced: bool,
) -> None:
    embedder = embedder_of(
        min_n=min_n,
        max_n=min_n + more,
        whole_words=whole_words,
    )
    flags = {"skip_signs": skip_signs, "join_spaced": join_spaced}
    inputs = encoded(embedder, strings, **flags)
    rows = inputs.tables["rows"].tolist()
    assert rows == sorted(set(rows)) and inputs.ngram_spans.dtype == np.int32
    wanted = [sorted(token) for text in strings for token in slow_covering(embedder, text, **flags)]
    found = [[rows[i] for i in token if i != len(rows)] for token in inputs.ngram_spans.tolist()]
    assert [sorted(token) for token in found] == wanted


def test_embeddings_equal_glyphs_plus_projected_mean() -> None:
    embedder = embedder_of().eval()
    torch.nn.init.normal_(embedder.table.weight)
    with torch.no_grad():
        found = embedder(encoded(embedder, TEXTS)).values
        glyphs = GlyphsEmbedder.forward(embedder, encoded(embedder, TEXTS)).values
        first = 0
        for text in TEXTS:
            for rows in slow_covering(embedder, text):
                mean = embedder.table.weight[rows].mean(0) if rows else torch.zeros(8)
                wanted = glyphs[first] + embedder.projection.weight @ mean
                torch.testing.assert_close(found[first], wanted, atol=1e-5, rtol=1e-5)
                first += 1
    assert first == len(found)


def test_initial_embeddings_equal_glyphs() -> None:
    names = GlyphsConfig.__dataclass_fields__
    plain = GlyphsConfig(**{k: v for k, v in asdict(GLYPHS).items() if k in names})
    torch.manual_seed(3)
    wanted = GlyphsEmbedder(plain, GlyphsEmbedder.fit(plain, Corpus(TRAINING, lambda: TRAINING)))
    torch.manual_seed(3)
    embedder = embedder_of()
    with torch.no_grad():
        texts = TextBatch.from_strings(TEXTS)
        expected = wanted(wanted.tokenizer(texts))
        found = embedder(encoded(embedder, TEXTS))
    torch.testing.assert_close(found.values, expected.values)
    assert found.lengths.tolist() == expected.lengths.tolist()


def test_mean_and_gradient_equal_reference() -> None:
    random = np.random.default_rng(0)
    ngram_spans = random.integers(0, 8, size=(9, 5)).astype(np.int32)
    ngram_spans[4] = 7  # 7 means no n-gram
    values = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    slow = [[number for number in token if number != 7] for token in ngram_spans.tolist()]
    rows = [values[token].mean(0) if token else values.new_zeros(3) for token in slow]
    weight = torch.randn(9, 3, dtype=torch.float64)
    (wanted,) = torch.autograd.grad((torch.stack(rows) * weight).sum(), values)
    found = mean_of_ngrams(values, ngram_spans)
    torch.testing.assert_close(found, torch.stack(rows))
    (gradient,) = torch.autograd.grad((found * weight).sum(), values)
    torch.testing.assert_close(gradient, wanted)
    nothing = mean_of_ngrams(values, np.full((2, 5), 7, dtype=np.int32))
    assert torch.equal(nothing, torch.zeros(2, 3, dtype=torch.float64))


def test_take_selects_covering_ngrams() -> None:
    embedder = embedder_of().eval()
    torch.nn.init.normal_(embedder.table.weight)
    inputs = encoded(embedder, TEXTS)
    with torch.no_grad():
        parts = embedder(inputs).values.split(inputs.lengths.tolist())
        some = embedder(inputs.take(np.array([4, 0]))).values
    torch.testing.assert_close(some, torch.cat([parts[4], parts[0]]))


@pytest.mark.parametrize(
    "text", ["жoпa", "ж.о.п.а", "Ж*О*П*А", "жо\u0301па\u0303", "ж\u200bопа!", "ж о. п  а"]
)
def test_disguised_word_has_ngrams_of_the_word(text: str) -> None:
    embedder = embedder_of()
    wanted = encoded(embedder, ["жопа"]).tables["rows"].tolist()
    assert encoded(embedder, [text]).tables["rows"].tolist() == wanted
    if set(text) & set(".*!"):
        signs_too = encoded(embedder_of(), [text], skip_signs=False).tables["rows"].tolist()
        assert signs_too != wanted


def test_two_one_letter_words_are_not_joined() -> None:
    two, one, other = (encoded(embedder_of(), [text]) for text in ("а о", "а", "о"))
    assert two.tables["rows"].tolist() == sorted(
        {*one.tables["rows"].tolist(), *other.tables["rows"].tolist()}
    )


def test_signs_alone_form_a_word() -> None:
    rows = [encoded(embedder_of(), [text]).tables["rows"].tolist() for text in ("!", "а !", "а")]
    assert rows[0] and set(rows[0]) | set(rows[2]) == set(rows[1])


def test_dropout_drops_whole_ngrams() -> None:
    embedder = embedder_of(ngram_dropout=0.5)
    torch.manual_seed(0)
    kept = embedder._drop(torch.ones(400, 8))
    assert ((kept == 0).all(dim=1) | (kept == 2).all(dim=1)).all()
    assert 0.4 < float((kept == 0).float().mean()) < 0.6
    assert torch.equal(embedder.eval()._drop(torch.ones(4, 8)), torch.ones(4, 8))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dim": 0}, "embedder.dim = 0: must be at least 1"),
        ({"min_n": 4}, "embedder.max_n = 3: must be from embedder.min_n (4) to 12"),
        ({"num_buckets": 0}, "embedder.num_buckets = 0: must be at least 1 and below 2^31"),
        ({"ngram_dropout": 1.0}, "embedder.ngram_dropout = 1.0: must be at least 0 and below 1"),
    ],
)
def test_invalid_settings_are_refused(changed: dict[str, Any], message: str) -> None:
    assert isinstance(GLYPH_NGRAMS, GlyphNgramsConfig)
    with pytest.raises(InputError) as error:
        replace(GLYPH_NGRAMS, **changed)
    assert message in str(error.value)


def test_a_known_word_is_covered_by_itself_and_its_lemma() -> None:
    embedder, deobfuscator = embedder_of(), copy(DEOBFUSCATOR)
    settings = RussianDictionaryConfig()
    dictionary = RussianDictionary(settings, RussianDictionary.fit(settings))
    embedder.tokenizer.dictionary = deobfuscator.dictionary = dictionary

    def rows(text: str) -> list[set[int]]:
        texts = TextBatch.from_strings([text])
        inputs = embedder.tokenizer(texts, deobfuscator(texts))
        assert isinstance(inputs, NgramTokenBatch)
        found = [*inputs.tables["rows"].tolist(), None]
        return [{found[i] for i in row} - {None} for row in inputs.ngram_spans.tolist()]  # type: ignore[misc]

    kot, kota, jopa = rows("кот"), rows("кота"), rows("жопа")
    assert kot[0] == kot[1] == kot[2] and len(kot[0]) == 2
    assert len(kota[0]) == 2 and len(kot[0] & kota[0]) == 1  # the lemma
    assert len(jopa[1]) > 2  # a word of the lexicon keeps its n-grams
