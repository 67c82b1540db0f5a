import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.normalizers.measure import compare_words
from vitrina.normalizers.rules import RulesNormalizer
from vitrina.text.batch import TextBatch

CONFIG = compose_config(["normalizer=rules"]).normalizer
rules = RulesNormalizer(CONFIG)
tricky = st.sampled_from("жопаехуйъ}|{>|<@$0346'*.-_, ,uachszXYЖ\u0301\u0306\u200bєґЇ?:")
anything = st.text(st.one_of(tricky, tricky, tricky, st.characters()), max_size=16)


def normal(text: str, **changes: object) -> str:
    normalizer = RulesNormalizer(replace(CONFIG, **changes)) if changes else rules
    return normalizer(TextBatch.from_strings([text]))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("}|{0па и >|<опа", "жопа и жопа"),
        ("п0шeл nа xуй", "пошел на хуй"),
        ("4то ты zнаешь", "что ты знаешь"),
        ("zhопа XYЙ", "жопа ХУЙ"),
        ("власт' тепер'", "власть теперь"),
        ("u,епь", "цепь"),
        ("х.у.й, су_ка, п-и-з-д-а", "хуй, сука, пизда"),
        ("х у й", "хуй"),
        ("с у к а ты", "сука ты"),
        ("ду рак", "дурак"),
        ("не навижу", "ненавижу"),
        ("сууууука", "сука"),
        ("ты м*дак, х*й", "ты мудак, хуй"),
        ("при*ет", "привет"),
        ("обявление", "объявление"),
        ("д\u0301у\u0301р\u0301а\u0301к\u0301", "дурак"),
        ("ᴨиздеµ", "пиздец"),
        ("мeня eто м0л0дец", "меня это молодец"),
        ("КОКТeЙЛЬ", "КОКТЕЙЛЬ"),
        ("на her", "на хер"),
    ],
)
def test_known_replacements_are_inverted(text: str, expected: str) -> None:
    assert normal(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Обычный текст, т.е. без шума; и т.д. и т.п.",
        "3й, 10го, 6ой, 4ый, 200рублей, Нор-48, 3-4",
        "her english book",
        "кое-что по-моему, рашки-пидорашки",
        "конец.Начало, цен.В том",
        "на ум взять, и в с чем",
        ":-d :D xD",
        "http://ya.ru 100% 4,0 $100",
        "*ухмыляется*",
        "Аааа",
        "бютжетниц",
    ],
)
def test_plain_text_is_unchanged(text: str) -> None:
    assert normal(text) == text


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("ж0nа", {"level": 0}),
        ("х*й", {"masks": ""}),
        ("х.у.й", {"separators": "", "masks": ""}),
        ("ду рак", {"spaces": False}),
        ("сууууука", {"repeats": False}),
        ("п0шел", {"max_length": 4}),
    ],
)
def test_each_setting_disables_its_rule(text: str, changes: dict[str, object]) -> None:
    assert normal(text) != text
    assert normal(text, **changes) == text


@settings(max_examples=200)
@given(st.lists(anything, max_size=3))
def test_result_does_not_depend_on_the_batch_and_offsets_are_valid(strings: list[str]) -> None:
    batched = rules(TextBatch.from_strings(strings)).to_strings()
    for text, result in zip(strings, batched, strict=True):
        again, offsets = rules.with_offsets(text)
        assert result == again == normal(text)
        assert len(offsets) == len(result)
        assert (np.diff(offsets.starts) >= 0).all()
        assert (np.diff(offsets.ends) >= 0).all()
        assert ((offsets.starts >= 0) & (offsets.starts <= offsets.ends)).all()
        assert (offsets.ends <= len(text)).all()


def test_offsets_map_words_to_their_source() -> None:
    text = "ты }|{ 0па, ду рак"
    result, offsets = rules.with_offsets(text)
    assert result == "ты жопа, дурак"
    assert offsets.to_original(3, 7) == (3, 10)
    assert offsets.to_original(3, 4) == (3, 6)
    assert text[slice(*offsets.to_original(9, 14))] == "ду рак"


@pytest.mark.parametrize(
    "hostile", ["0", "a.", "ж*", "u,", "}|{", "х ", "е", "аa", "@@ ", "ê", "11а", "ююю ", "ч"]
)
def test_time_is_bounded(hostile: str) -> None:
    text = hostile * (6000 // len(hostile))
    started = time.process_time()
    normal(text)
    normal(" ".join(text[start : start + 39] + str(start) for start in range(0, 2000, 39)))
    assert time.process_time() - started < 5


def test_most_noisy_words_are_restored() -> None:
    lines = ["Вот так живут люди в нашей стране", "сказал что ты дурак и мудак полный"] * 40
    clean = TextBatch.from_strings(lines)
    config = compose_config(["noise=uniform", "noise.p=0.2"])
    noise = build_noise(config.noise, 1)
    noisy = noise.corrupted(clean, noise.mark(clean), np.arange(len(clean)), 0)
    counts = compare_words(clean, noisy, rules(noisy))
    assert counts.noisy > 200
    assert counts.restored > 0.9
    confusables = build_normalizer(compose_config(["normalizer=confusables"]).normalizer)
    assert compare_words(clean, noisy, confusables(noisy)).restored < counts.restored


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("level=5", "normalizer.level = 5: must be from 0 to 4"),
        ("beam=0", "normalizer.beam = 0: must be from 1 to 1000"),
        ("masks=a", "normalizer.masks = 'a': must be signs, not letters, digits or spaces"),
    ],
)
def test_invalid_settings_are_reported(setting: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        compose_config(["normalizer=rules", f"normalizer.{setting}"])
    assert str(error.value) == message
