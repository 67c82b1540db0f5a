"""Doubtful signs read in their word: by their look, by what noise puts, by the language."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vitrina.deobfuscation.codes import CodesDeobfuscator
from vitrina.deobfuscation.config import CodesConfig, WordsConfig
from vitrina.deobfuscation.words import WordDeobfuscator
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


def corpus_of(replaced: Replacements) -> Corpus:
    texts = TextBatch.from_strings(SENTENCES * 8)
    return Corpus(texts, lambda: texts, lambda: replaced)


def deobfuscator_of(replaced: Replacements = PUT, **changes: Any) -> WordDeobfuscator:
    config = WordsConfig(**{"spelling": False, **changes})
    return WordDeobfuscator(config, WordDeobfuscator.fit(config, corpus_of(replaced)))


@pytest.fixture(scope="module")
def words() -> WordDeobfuscator:
    return deobfuscator_of(spelling=True)


def read(deobfuscator: CodesDeobfuscator, *strings: str) -> list[str]:
    """The letters of texts, by the glyphs of the codes; `~` for a glyph that is unknown."""
    found = deobfuscator(TextBatch.from_strings(list(strings)))
    texts: list[list[str]] = [[] for _ in strings]
    for word, text in enumerate(found.text_of_word_W.tolist()):
        codes = found.codes_L[found.word_L == word].tolist()
        texts[text].append("".join(deobfuscator.codebook.letters[code] or "~" for code in codes))
    return [" ".join(words) for words in texts]


@pytest.fixture(scope="module")
def respelling() -> WordDeobfuscator:
    return deobfuscator_of(spelling=True, spelling_margin=0.0)


@pytest.fixture(scope="module")
def deobfuscator() -> WordDeobfuscator:
    return deobfuscator_of()


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
    respelling: WordDeobfuscator, shown: str, says: str
) -> None:
    assert read(respelling, shown) == [says]


def test_letters_know_the_glyphs_that_they_come_from(respelling: WordDeobfuscator) -> None:
    found = respelling(TextBatch.from_strings(["да", "zhопa хоршй"]))
    start, end = found.start_L.tolist(), found.end_L.tolist()
    assert start[2:6] == [2, 4, 5, 6] and end[2:6] == [4, 5, 6, 7]  # zh is one letter
    assert list(zip(start, end, strict=True))[6:] == [
        *((8, 9), (9, 10), (10, 11), (11, 11), (11, 12), (12, 12), (12, 13))
    ]
    assert found.anchor_L.tolist()[6:] == [8, 9, 10, -1, 11, -1, 12]
    assert found.text_of_word_W.tolist() == [0, 1, 1]


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
def test_doubtful_words_are_read(deobfuscator: WordDeobfuscator, shown: str, says: str) -> None:
    assert read(deobfuscator, shown) == [says]


@pytest.mark.parametrize(
    "text", ["привет", "раму папа", "8 900 123", "2024 200", ":)", "щюэфъ", "съешь ещё"]
)
def test_what_is_certain_is_left(deobfuscator: WordDeobfuscator, text: str) -> None:
    """Also words that the language does not hold, and numbers."""
    config = CodesConfig()
    codes = CodesDeobfuscator(config, CodesDeobfuscator.fit(config, corpus_of(PUT)))
    assert read(deobfuscator, text) == read(codes, text)


def test_noise_that_was_not_seen_is_not_undone() -> None:
    shown = "zhопа dела"
    assert read(deobfuscator_of(), shown) == ["жопа дела"]
    assert read(deobfuscator_of(Replacements()), shown) != ["жопа дела"]


def test_reading_does_not_hang_on_the_precision_of_the_model() -> None:
    """Texts are encoded while the model around runs in bf16, where the machine has it."""
    shown = ["пpиʙeт", "xοрошиӣ дeнь пи/\\ил"]
    wanted = read(deobfuscator_of(), *shown)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert read(deobfuscator_of(), *shown) == wanted


def test_texts_are_read_each_by_itself(deobfuscator: WordDeobfuscator) -> None:
    strings = [
        "}|{οпа пи/\\ил zhопа",
        "",
        "п.р.и.в.ɘ.т ***",
        "мαмa" * 30,
        "8(900)I23-45 руб",
        "д*л*",
        "👍!",
    ]
    together = read(deobfuscator, *strings)
    assert together == [read(deobfuscator, each)[0] for each in strings]
    assert together[::-1] == read(deobfuscator, *strings[::-1])
    assert read(deobfuscator_of(), *strings) == together


def test_a_saved_run_reads_alike(deobfuscator: WordDeobfuscator, tmp_path: Path) -> None:
    WordDeobfuscator.fit(deobfuscator.settings, corpus_of(PUT)).save(tmp_path / "state.safetensors")
    there = WordDeobfuscator(
        deobfuscator.settings, FittedState.load(tmp_path / "state.safetensors")
    )
    shown = "zhοпa п.р.и.в.ɘ.т пи/\\ил пapy"
    assert read(there, shown) == read(deobfuscator, shown)


def test_pictures_alone_read_what_one_glyph_shows(deobfuscator: WordDeobfuscator) -> None:
    config = CodesConfig()
    state = CodesDeobfuscator.fit(config, corpus_of(PUT))
    assert read(CodesDeobfuscator(config, state), "пи/\\ил") != ["пилил"]
    assert read(deobfuscator, "пи/\\ил") == ["пилил"]


def test_long_strings_are_read_glyph_by_glyph(deobfuscator: WordDeobfuscator) -> None:
    long = "пαпa" * 40
    codes = deobfuscator.codebook(list(long))
    found = deobfuscator(TextBatch.from_strings([long]))
    np.testing.assert_array_equal(found.codes_L, codes)
