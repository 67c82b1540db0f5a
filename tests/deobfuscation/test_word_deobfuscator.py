"""Tests of the deobfuscation of whole words by look, noise channel and language model."""

from collections import Counter
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vitrina.deobfuscation.codes import CodesDeobfuscator
from vitrina.deobfuscation.config import CodesConfig, WordsConfig
from vitrina.deobfuscation.preview import draw_deobfuscation
from vitrina.deobfuscation.words import WordDeobfuscator
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.noise.corpus import Corpus
from vitrina.noise.replacements import Replacements
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch
from vitrina.text.config import RussianDictionaryConfig
from vitrina.text.dictionary import RussianDictionary

SENTENCES = [
    "привет как дела у тебя",
    "жопа и попа это одно",
    "мама мыла раму, а папа пилил раму",
    "позвони по номеру 8 900 123-45-67 завтра",
    "какой хороший день! просто хороший день (и вечер)",
    "съешь ещё этих мягких французских булок да выпей чаю",
]
NOISE = Replacements(
    Counter({("ж", "zh"): 3, ("о", "*"): 2, ("а", "*"): 2, ("д", "d"): 4}), Counter("*")
)


def corpus_of(replaced: Replacements) -> Corpus:
    texts = TextBatch.from_strings(SENTENCES * 8)
    return Corpus(texts, lambda: texts, lambda: replaced)


def deobfuscator_of(replaced: Replacements = NOISE, **changes: Any) -> WordDeobfuscator:
    config = WordsConfig(**{"spelling": False, **changes})
    return WordDeobfuscator(config, WordDeobfuscator.fit(config, corpus_of(replaced)))


def plain_words(deobfuscator: CodesDeobfuscator, *strings: str) -> list[str]:
    """Return the words of texts in plain letters, with `~` for unknown glyphs."""
    found = deobfuscator(TextBatch.from_strings(list(strings)))
    texts: list[list[str]] = [[] for _ in strings]
    for word, text in enumerate(found.text_of_word_W.tolist()):
        codes = found.codes_L[found.word_L == word].tolist()
        texts[text].append("".join(deobfuscator.codebook.letters[code] or "~" for code in codes))
    return [" ".join(words) for words in texts]


@pytest.fixture(scope="module")
def corrector() -> WordDeobfuscator:
    return deobfuscator_of(spelling=True, spelling_margin=0.0, deletion_score=-1.0, swap_score=-1.0)


@pytest.fixture(scope="module")
def deobfuscator() -> WordDeobfuscator:
    return deobfuscator_of()


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("првет", "привет"),
        ("фрацуских булок", "французских булок"),  # two deleted letters
        ("позовни по онмеру", "позвони по номеру"),  # swapped neighbors
        ("пр!ве?т", "привет"),  # signs that the training noise does not insert
        ("п р и в т", "привет"),
        ("пpиʙт", "привет"),  # look-alikes and a deleted letter
        ("хороуший", "хороуший"),  # a letter too many is not a deleted one
        ("при-вет", "привет"),
    ],
)
def test_unknown_words_are_corrected(
    corrector: WordDeobfuscator, disguised: str, plain: str
) -> None:
    assert plain_words(corrector, disguised) == [plain]


def test_letters_map_to_their_source_glyphs(corrector: WordDeobfuscator) -> None:
    found = corrector(TextBatch.from_strings(["да", "zhопa хоршй"]))
    start, end = found.start_L.tolist(), found.end_L.tolist()
    assert start[2:6] == [2, 4, 5, 6] and end[2:6] == [4, 5, 6, 7]  # zh is one letter
    assert list(zip(start, end, strict=True))[6:] == [
        *((8, 9), (9, 10), (10, 11), (11, 11), (11, 12), (12, 12), (12, 13))
    ]
    assert found.anchor_L.tolist()[6:] == [8, 9, 10, -1, 11, -1, 12]
    assert found.text_of_word_W.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("glyphs", "best", "others"),
    [
        (("а",), "а", set()),  # a certain letter
        (("ʙ",), "в", set()),
        (("z", "h"), "ж", set()),  # a replacement of the training noise
        (("*",), "о", {"а"}),
        (("/", "\\"), "л", set()),
    ],
)
def test_candidates_of_glyphs(
    deobfuscator: WordDeobfuscator, glyphs: tuple[str, ...], best: str, others: set[str]
) -> None:
    found = deobfuscator.search.candidates(glyphs)
    assert found[0] == best and others <= set(found)


def test_letters_are_drawn_below_their_glyphs(deobfuscator: WordDeobfuscator) -> None:
    renderer = GlyphRenderer([], 12, 24)
    for text in ("zhопа и п.и/\\", "да", "?"):
        image = np.asarray(draw_deobfuscation(deobfuscator, text, renderer, scale=2))
        right = image.shape[1] // 2  # the captions are on the left
        assert (image[-24:, right:, 0] < 200).any()


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("жοпa", "жопа"),  # Greek and Latin
        ("пpиʙeт", "привет"),
        ("xοрошиӣ дeнь", "хороший день"),
        ("пи/\\ил", "пилил"),  # two signs that resemble a letter together
        ("zhопа", "жопа"),  # a replacement of the training noise
        ("ж*п*", "жопа"),
        ("ж.о-п.а!", "жопа"),  # inserted signs
        ("м а м а", "мама"),
        ("ппрриивееееет", "привет"),  # repeated letters
        ("𝔭𝔯𝔦𝔳𝔢𝔱", "привет"),  # styled letters of a transliteration
        ("🅿🆁🅸🆅🅴🆃", "привет"),
        ("п̶р̶и̶в̶е̶т̶", "привет"),
        ("хо ро ший день", "хороший день"),
        ("тевирп", "привет"),
        ("ghbdtn", "привет"),
        ("пxрxиxвxеxт", "привет"),
        ("пр1в3т", "привет"),  # digits mask letters
        ("12привет34", "12 привет 34"),
    ],
)
def test_disguised_words_become_plain(
    deobfuscator: WordDeobfuscator, disguised: str, plain: str
) -> None:
    assert plain_words(deobfuscator, disguised) == [plain]


@pytest.mark.parametrize(
    "text", ["привет", "раму папа", "8 900 123", "2024 200", ":)", "щюэфъ", "съешь ещё"]
)
def test_words_of_certain_glyphs_are_unchanged(deobfuscator: WordDeobfuscator, text: str) -> None:
    config = CodesConfig()
    codes = CodesDeobfuscator(config, CodesDeobfuscator.fit(config, corpus_of(NOISE)))
    assert plain_words(deobfuscator, text) == plain_words(codes, text)


def test_unseen_noise_is_not_undone() -> None:
    known = Replacements(Counter({("ж", "qq"): 3}), Counter())
    assert plain_words(deobfuscator_of(known), "qqопа") == ["жопа"]
    assert plain_words(deobfuscator_of(), "qqопа") != ["жопа"]


def test_result_does_not_depend_on_autocast() -> None:
    """Texts are tokenized while a model may run in bf16."""
    disguised = ["пpиʙeт", "xοрошиӣ дeнь пи/\\ил"]
    expected = plain_words(deobfuscator_of(), *disguised)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert plain_words(deobfuscator_of(), *disguised) == expected


def test_result_does_not_depend_on_the_batch(deobfuscator: WordDeobfuscator) -> None:
    strings = [
        "}|{οпа пи/\\ил zhопа",
        "",
        "п.р.и.в.ɘ.т ***",
        "мαмa" * 30,
        "8(900)I23-45 руб",
        "д*л*",
        "👍!",
    ]
    batched = plain_words(deobfuscator, *strings)
    assert batched == [plain_words(deobfuscator, each)[0] for each in strings]
    assert batched[::-1] == plain_words(deobfuscator, *strings[::-1])
    assert plain_words(deobfuscator_of(), *strings) == batched


def test_a_saved_state_gives_the_same_result(
    deobfuscator: WordDeobfuscator, tmp_path: Path
) -> None:
    WordDeobfuscator.fit(deobfuscator.settings, corpus_of(NOISE)).save(
        tmp_path / "state.safetensors"
    )
    loaded = WordDeobfuscator(
        deobfuscator.settings, FittedState.load(tmp_path / "state.safetensors")
    )
    disguised = "zhοпa п.р.и.в.ɘ.т пи/\\ил пapy"
    assert plain_words(loaded, disguised) == plain_words(deobfuscator, disguised)


def test_codes_do_not_merge_glyphs(deobfuscator: WordDeobfuscator) -> None:
    config = CodesConfig()
    state = CodesDeobfuscator.fit(config, corpus_of(NOISE))
    assert plain_words(CodesDeobfuscator(config, state), "пи/\\ил") != ["пилил"]
    assert plain_words(deobfuscator, "пи/\\ил") == ["пилил"]


def test_long_words_keep_the_codes_of_their_glyphs(deobfuscator: WordDeobfuscator) -> None:
    long = "пαпa" * 40
    codes = deobfuscator.codebook(list(long))
    found = deobfuscator(TextBatch.from_strings([long]))
    np.testing.assert_array_equal(found.codes_L, codes)


def test_words_of_a_dictionary_are_left_as_they_are(corrector: WordDeobfuscator) -> None:
    settings = RussianDictionaryConfig()
    honest = copy(corrector)
    honest.dictionary = RussianDictionary(settings, RussianDictionary.fit(settings))
    words = ["ром", "поп", "ваза", "гаммма", "пр-вет", "првет"]
    assert plain_words(honest, *words[:3]) == words[:3]
    assert plain_words(honest, *words[3:]) == plain_words(corrector, *words[3:])
    found = honest(TextBatch.from_strings(["(ваза)! кое-кто и пр-вет"]))
    begins = np.flatnonzero(np.diff(found.word_L, prepend=-1))
    assert (found.lemma_L[begins] != 0).tolist() == [True, True, True, False]


def test_frequent_words_of_the_dictionary_are_known() -> None:
    settings = RussianDictionaryConfig()
    dictionary = RussianDictionary(settings, RussianDictionary.fit(settings))
    config = WordsConfig(spelling=False)
    corpus = replace(corpus_of(NOISE), dictionary=dictionary)
    general = WordDeobfuscator(config, WordDeobfuscator.fit(config, corpus))
    assert plain_words(general, "чел*век") == ["человек"]
    assert plain_words(deobfuscator_of(), "чел*век") != ["человек"]
