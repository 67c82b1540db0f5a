"""Doubtful signs read in their word: by their look, by what noise puts, by the language."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vitrina.config import compose_config
from vitrina.deobfuscation.codebook import UNKNOWN
from vitrina.glyphs.segmentation import segment
from vitrina.models.embedders.glyph_ngrams import GlyphNgramsEmbedder
from vitrina.models.embedders.glyphs_config import GlyphNgramsConfig
from vitrina.models.embedders.ngram_spans import NgramTokenBatch
from vitrina.noise.corpus import Corpus
from vitrina.noise.replacements import Replacements
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch

SENTENCES = [
    "привет как дела у тебя",
    "жопа и попа это одно",
    "мама мыла раму, а папа пилил раму",
    "позвони по номеру 8 900 123-45-67 завтра",
    "какой хороший день! просто хороший день (и вечер)",
    "съешь ещё этих мягких французских булок да выпей чаю",
]
PUT = Replacements(
    Counter({("ж", "zh"): 3, ("о", "*"): 2, ("а", "*"): 2, ("д", "d"): 4}), Counter("*")
)


def fitted(replaced: Replacements, **changes: Any) -> tuple[GlyphNgramsConfig, FittedState]:
    option = compose_config(["model=vtr_glyphs"]).embedder
    assert isinstance(option, GlyphNgramsConfig)
    config = replace(option, num_buckets=1000, **changes)
    texts = TextBatch.from_strings(SENTENCES * 8)
    fitted = GlyphNgramsEmbedder.fit(config, Corpus(texts, lambda: texts))
    return config, GlyphNgramsEmbedder.fit_noise(config, fitted, lambda: replaced)


def embedder_of(replaced: Replacements = PUT, **changes: Any) -> GlyphNgramsEmbedder:
    return GlyphNgramsEmbedder(*fitted(replaced, **changes))


@pytest.fixture(scope="module")
def embedder() -> GlyphNgramsEmbedder:
    return embedder_of()


def read(embedder: GlyphNgramsEmbedder, *strings: str) -> list[str]:
    """What texts say, by the glyphs of the codes; `~` for a glyph that is unknown."""
    names = {UNKNOWN: "~"}
    for glyphs, code in zip(embedder.codebook.glyphs, embedder.codebook.codes_V, strict=True):
        names.setdefault(int(code), glyphs[0].lower())
    tokens = segment(TextBatch.from_strings(list(strings)))
    words, _ = embedder.read_words(tokens)
    found = []
    for first, last in zip(words.text_offsets[:-1], words.text_offsets[1:], strict=True):
        said = "".join(names.get(int(symbol), " ") for symbol in words.line[first:last])
        found.append(" ".join(said.split()))
    return found


@pytest.fixture(scope="module")
def respelling() -> GlyphNgramsEmbedder:
    return embedder_of(respelled=True, respelled_margin=0.0)


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ("првет", "привет"),
        ("фрацуских булок", "французских булок"),  # two letters are missing
        ("позовни по онмеру", "позвони по номеру"),  # neighbours are exchanged
        ("пр!ве?т", "привет"),  # signs that nobody said what they stand for
        ("п р и в т", "привет"),
        ("пpиʙт", "привет"),  # look-alikes, and a letter is missing
        ("хорzший", "хор2ший"),  # another sign is not a missing one
        ("при-вет", "привет"),
    ],
)
def test_words_that_nobody_wrote_are_read_as_known_ones(
    respelling: GlyphNgramsEmbedder, shown: str, says: str
) -> None:
    assert read(respelling, shown) == [says]


def test_tokens_are_covered_by_the_ngrams_of_the_word_that_is_meant(
    respelling: GlyphNgramsEmbedder,
) -> None:
    encoded = [
        respelling.tokenizer(TextBatch.from_strings([text])) for text in ("хороший", "хоршй", "д")
    ]
    meant, shown, other = (
        [{int(each.tables["rows"][i]) for i in row if i < len(each.tables["rows"])} for row in rows]
        for each in encoded
        if isinstance(each, NgramTokenBatch) and (rows := each.ngram_spans.tolist())
    )
    assert shown == [row for place, row in enumerate(meant) if place not in (3, 5)]
    assert not set.union(*other) & set.union(*meant)


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ("жοпa", "жопа"),  # Greek and Latin
        ("пpиʙeт", "привет"),
        ("xοрошиӣ дeнь", "хороший день"),
        ("пи/\\ил", "пилил"),  # two signs that look like a letter together
        ("zhопа", "жопа"),  # what noise puts
        ("ж*п*", "жопа"),
        ("ж.о-п.а!", "жопа"),  # signs that say nothing
        ("м а м а", "мама"),
        ("ппрриивееееет", "привет"),  # letters that stand behind themselves
    ],
)
def test_doubtful_words_are_read(embedder: GlyphNgramsEmbedder, shown: str, says: str) -> None:
    assert read(embedder, shown) == [says]


@pytest.mark.parametrize(
    "text", ["привет", "раму папа", "8 900 123", "2024 200", ":)", "щюэфъ", "съешь ещё"]
)
def test_what_is_certain_is_left(embedder: GlyphNgramsEmbedder, text: str) -> None:
    """Also words that the language does not hold, and numbers."""
    assert read(embedder, text) == read(embedder_of(context_order=0), text)


def test_noise_that_was_not_seen_is_not_undone() -> None:
    shown = "zhопа dела"
    assert read(embedder_of(), shown) == ["жопа дела"]
    assert read(embedder_of(Replacements()), shown) != ["жопа дела"]


def test_reading_does_not_hang_on_the_precision_of_the_model() -> None:
    """Texts are encoded while the model around runs in bf16, where the machine has it."""
    shown = ["пpиʙeт", "xοрошиӣ дeнь пи/\\ил"]
    wanted = read(embedder_of(), *shown)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert read(embedder_of(), *shown) == wanted


def test_texts_are_read_each_by_itself(embedder: GlyphNgramsEmbedder) -> None:
    strings = [
        "}|{οпа пи/\\ил zhопа",
        "",
        "п.р.и.в.ɘ.т ***",
        "мαмa" * 30,
        "8(900)I23-45 руб",
        "д*л*",
        "👍!",
    ]
    together = read(embedder, *strings)
    assert together == [read(embedder, each)[0] for each in strings]
    assert together[::-1] == read(embedder, *strings[::-1])
    assert read(embedder_of(), *strings) == together


def test_a_saved_run_reads_alike(embedder: GlyphNgramsEmbedder, tmp_path: Path) -> None:
    config, state = fitted(PUT)
    state.save(tmp_path / "state.safetensors")
    there = GlyphNgramsEmbedder(config, FittedState.load(tmp_path / "state.safetensors"))
    shown = "zhοпa п.р.и.в.ɘ.т пи/\\ил пapy"
    assert read(there, shown) == read(embedder, shown)


def test_n_grams_are_those_of_what_is_read(embedder: GlyphNgramsEmbedder) -> None:
    """A word in disguise has the rows of the plain one, its tokens those of their letters."""
    plain, disguised = (embedder.tokenizer(TextBatch.from_strings([s])) for s in ("жопа", "zhoпa."))
    assert set(disguised.tables["rows"].tolist()) == set(plain.tables["rows"].tolist())
    covered = disguised.ngram_spans != len(disguised.tables["rows"])
    assert covered.any(axis=1).tolist() == [True, False, True, True, True, False]


def test_pictures_alone_read_what_one_glyph_shows() -> None:
    alone, context = embedder_of(context_order=0), embedder_of()
    assert read(alone, "пи/\\ил") != ["пилил"] and read(context, "пи/\\ил") == ["пилил"]
    assert not {name for name in alone.state_dict() if "reader" in name}


def test_long_strings_are_read_glyph_by_glyph(embedder: GlyphNgramsEmbedder) -> None:
    long = "пαпa" * 40
    codes = embedder.codebook(list(long))
    tokens = segment(TextBatch.from_strings([long]))
    words, _ = embedder.read_words(tokens)
    np.testing.assert_array_equal(words.line[1:-1], codes)
