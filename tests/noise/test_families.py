from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.noise.options import option
from vitrina.errors import InputError
from vitrina.noise.config import FAMILIES, FamiliesNoiseConfig
from vitrina.noise.families import INVISIBLE, MASKS, PUNCTUATION, TRANSLITERATION
from vitrina.noise.perturbation import build_noise
from vitrina.noise.perturbed import PerturbedBatch
from vitrina.noise.tables import ALPHABET, SMALL, letter_options, level_table
from vitrina.text.batch import TextBatch

INSERTING = ("diacritics", "spaces", "punctuation", "invisible")
TEXT = "Привет, какой же ты дурак и щёголь! Объезд, подъём latin 42"


def families(**changes: Any) -> FamiliesNoiseConfig:
    config = option("families", **({"p_text": 1.0, "p_word": 1.0} | changes))
    assert isinstance(config, FamiliesNoiseConfig)
    return config


def noisy(strings: list[str], seed: int = 1, **changes: Any) -> PerturbedBatch:
    noise = build_noise(families(**changes), seed)
    texts = TextBatch.from_strings(strings)
    return noise(texts, noise.mark(texts), np.arange(len(strings)), 0)


def one(name: str, text: str, p: float = 1.0) -> str:
    return noisy([text], p=p, families={name: 1}).texts[0]


def test_examples_of_each_family() -> None:
    assert one("leet", "Обоз") == "06" + "03"
    assert one("deletion", "а вот, I") == " , I"
    assert one("case", "Жук И latin") == "жУК и latin"
    assert one("spaces", "жук, да") == "ж у к, д а"
    assert one("swap", "жуки тот") == "ужик отт"
    assert one("transliteration", "Щёки съел, Цы Эх") == "Shhyoki s``el, Czy` E`x"
    assert set(one("masking", "жуки")) <= set(MASKS)
    assert set(noisy(["о"] * 50, p=1.0, families={"repetition": 1}).texts) == {"оо", "ооо"}
    assert one("sequences", "Ф") == "0|0"
    for name, signs in (("punctuation", PUNCTUATION), ("invisible", INVISIBLE)):
        added = Counter(one(name, "хуже")) - Counter("хуже")
        assert set(added) <= set(signs)
        assert added.total() == (3 if name == "punctuation" else 4)
    assert all(unicodedata.category(sign) == "Cf" for sign in INVISIBLE)
    marked = one("diacritics", "жук")
    assert marked[::2] == "жук" and all(map(unicodedata.combining, marked[1::2]))


def test_a_family_edits_every_letter_that_it_can_at_full_strength() -> None:
    for name in FAMILIES:
        found = noisy([TEXT], p=1.0, families={name: 1})
        edits = found.edits
        if name in INSERTING:
            edited = {end - 1 for end in edits.end.tolist()}
            words = TEXT.replace(",", " ").replace("!", " ").split(" ")
            able, place = set(), 0
            for word in words:
                stop = len(word) - (name in ("spaces", "punctuation"))
                able |= {place + i for i in range(stop) if word[i].isalpha()}
                place += len(word) + 1
        else:
            edited = set(edits.start.tolist())
            tables = {"leet": 1, "keyboard": 2, "sequences": 3, "clusters": 4}
            able = {i for i, x in enumerate(TEXT) if x in ALPHABET}
            if name in tables:
                able = {i for i in able if TEXT[i] in level_table(tables[name])}
            if name == "swap":
                able = _pairs(TEXT)
        assert edited == able, name
        # Reverting all edits gives the clean text, so nothing else changed.
        restored = list(found.texts[0])
        for a, b, c, d in reversed(list(zip(*_columns(found), strict=True))):
            restored[c:d] = TEXT[a:b]
        assert "".join(restored) == TEXT


def _pairs(text: str) -> set[int]:
    """Return the places of swapped letters if pairs form from the left of each word."""
    found: set[int] = set()
    for i in range(len(text) - 1):
        pair = text[i : i + 2]
        if i not in found and pair[0] != pair[1] and all(x in ALPHABET for x in pair):
            found |= {i, i + 1}
    return found


def _columns(found: PerturbedBatch) -> list[list[int]]:
    e = found.edits
    return [column.tolist() for column in (e.start, e.end, e.new_start, e.new_end)]


@settings(max_examples=25)
@given(st.text(alphabet="абвжЖЩъ -.,a1", max_size=25), st.floats(0, 1))
def test_swaps_keep_the_letters_of_each_word_and_do_not_overlap(text: str, p: float) -> None:
    found = noisy([text], p=p, families={"swap": 1})
    spans = found.word_spans()
    assert len(found.texts[0]) == len(text)
    for start, end in zip(spans.starts, spans.ends, strict=True):
        assert Counter(found.texts[0][start:end]) == Counter(text[start:end])
    starts = found.edits.start.tolist()
    for left, right in zip(starts[::2], starts[1::2], strict=True):
        assert right == left + 1
        assert found.texts[0][left : right + 1] == text[right] + text[left]


@pytest.mark.parametrize("name", FAMILIES)
def test_strength_is_the_share_of_edited_letters(name: str) -> None:
    word = {"leet": "обозоб", "sequences": "жкхфюыжк"}.get(name, "договариваются")
    found = noisy([word] * 1500, p=0.3, families={name: 1})
    inside = name in ("spaces", "punctuation")
    able = len(word) - inside
    tolerance = 0.03 if name == "swap" else 0.02  # the last letter of a word starts no pair
    assert len(found.edits) / 1500 / able == pytest.approx(0.3, abs=tolerance)
    none = noisy([word], p=0.0, families={name: 1})
    assert none.texts[0] == word and not len(none.edits)


def test_words_draw_families_by_their_weights() -> None:
    strings = ["договор"] * 3000
    mix = {"case": 3.0, "deletion": 1.0, "masking": 0.0}
    drawn = Counter(noisy(strings, p=1.0, families=mix).texts)
    assert set(drawn) == {"ДОГОВОР", ""}
    assert drawn["ДОГОВОР"] / 3000 == pytest.approx(0.75, abs=0.03)
    left = Counter(noisy(strings, p=1.0, families=mix, hold_out=["case"]).texts)
    assert set(left) == {""}


def test_noise_depends_on_the_seed_and_strength_only_adds_edits() -> None:
    strings = [TEXT] * 20
    assert list(noisy(strings, 3).texts) == list(noisy(strings, 3).texts)
    assert list(noisy(strings, 3).texts) != list(noisy(strings, 4).texts)
    for name in set(FAMILIES) - {"swap"}:
        weak, strong = (noisy(strings, p=p, families={name: 1}).edits for p in (0.2, 0.6))
        places = [set(zip(e.text.tolist(), e.start.tolist(), strict=True)) for e in (weak, strong)]
        assert places[0] < places[1], name


def test_toxic_and_other_words_get_the_same_noise_without_a_lexicon() -> None:
    noise = build_noise(families(p=0.4), 5)
    assert not noise.needs_lexicon
    shares = []
    for word in ("пиздобольство", "договорённост"):  # a toxic and a benign word of equal length
        texts = TextBatch.from_strings([word] * 2000)
        found = noise(texts, noise.mark(texts), np.arange(2000), 0)
        shares.append(len(found.edits) / 2000 / len(word))
    assert shares[0] == pytest.approx(shares[1], rel=0.05)


def test_level_tables_add_up_to_letter_options() -> None:
    for level in (1, 2, 3, 4):
        together = letter_options(level)
        for letter in ALPHABET:
            parts = [p for n in range(1, level + 1) for p in level_table(n).get(letter, [])]
            assert set(parts) == set(together.get(letter, [])), (level, letter)


def test_transliteration_follows_gost_7_79_2000_system_b() -> None:
    table = "а a,б b,в v,г g,д d,е e,ё yo,ж zh,з z,и i,й j,к k,л l,м m,н n,о o,п p,р r,с s,т t,у u,"
    table += "ф f,х x,ц cz,ч ch,ш sh,щ shh,ъ ``,ы y`,ь `,э e`,ю yu,я ya"
    assert dict(pair.split() for pair in table.split(",")) == TRANSLITERATION
    assert set(TRANSLITERATION) == set(SMALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p": 1.5}, r"^noise\.p = 1\.5: must be from 0 to 1$"),
        ({"families": {"leeet": 1}}, r"^noise\.families\.leeet: unknown family; allowed: leet,"),
        ({"families": {"leet": -1}}, r"^noise\.families\.leet = -1.*: must be at least 0"),
        ({"families": {"leet": 0}}, r"^noise\.families = .*: must be weights of which"),
        ({"hold_out": ["nose"]}, r"^noise\.hold_out\[0\] = 'nose': must be one of noise\.families"),
        (
            {"families": {"case": 1}, "hold_out": ["swap"]},
            r"^noise\.hold_out\[0\] = 'swap': must be one of noise\.families: case$",
        ),
        (
            {"families": {"case": 1}, "hold_out": ["case"]},
            r"^noise\.hold_out = \['case'\]: must be a list that leaves at least one family$",
        ),
        ({"level_toxic": 3}, r"^noise\.level_toxic = 3: must be 4 \(noise\) or 0"),
        ({"p_toxic_word": 0.5}, r"^noise\.p_toxic_word = 0\.5: must be null with noise=families"),
        ({"p_space": 0.5}, r"^noise\.p_space = 0\.5: must be 0 with noise=families"),
        ({"clusters": "a", "families": {"case": 1}}, r"^noise\.clusters = 'a': must be null"),
    ],
)
def test_invalid_settings_raise_an_error(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        families(**change)


def test_level_0_changes_nothing() -> None:
    assert noisy([TEXT], p=1.0, level_toxic=0).texts[0] == TEXT
