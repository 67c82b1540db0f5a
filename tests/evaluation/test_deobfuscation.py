"""Restored and damaged words are counted as a reader would count them."""

import json
import math

import pytest

from vitrina.evaluation.deobfuscation import (
    CARRIERS,
    Measured,
    Restore,
    Share,
    by_kind,
    kept,
    mean,
    measure_clean,
    measure_disguises,
    measure_noise,
    measure_texts,
    noises,
    total,
    words_of,
)
from vitrina.normalizers.base import NoNormalizer
from vitrina.tasks.intervals import wilson_interval
from vitrina.text.batch import TextBatch


def replaced(*pairs: tuple[str, str]) -> Restore:
    """Return a normalizer that makes these replacements."""

    def restore(texts: TextBatch) -> TextBatch:
        found = texts.to_strings()
        for old, new in pairs:
            found = [text.replace(old, new) for text in found]
        return TextBatch.from_strings(found)

    return restore


def counts(measured: Measured) -> dict[str, tuple[int, int]]:
    return {name: (share.hits, share.count) for name, share in measured.shares.items()}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("«Ёж», — это ж*па… :)", ["еж", "это", "ж*па"]),
        ("и\u0306 Й", ["й", "й"]),
        ("п.р и 12:30!", ["п.р", "и", "12:30"]),
        ("", []),
    ],
)
def test_case_and_signs_around_words_do_not_count(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_words_are_aligned() -> None:
    words = ["мама", "мыла", "раму", "а", "папа", "пил"]
    assert kept(words, words).all() and not kept(words, []).any()
    assert kept(words, ["мама", "мы", "ла", "раму", "папа", "пил"]).tolist() == [1, 0, 1, 0, 1, 1]


def test_disguises_are_restored_alone_and_in_sentences() -> None:
    restore = replaced(("д*рак", "Дурак!"), ("к0т", "кит"))
    measured = measure_disguises(restore, ["д*рак", "к0т"], ["дурак", "кот"])
    assert counts(measured) == {"alone": (1, 2), "in_sentences": (len(CARRIERS), 2 * len(CARRIERS))}
    assert list(measured.examples) == ["к0т → кит (кот)"]


def test_a_damaged_sentence_is_not_restored() -> None:
    restore = replaced(("к0т", "кот"), ("вслух", "в слух"))
    measured = measure_disguises(restore, ["к0т"], ["кот"])
    assert counts(measured)["in_sentences"] == (len(CARRIERS) - 1, len(CARRIERS))


def test_changed_and_other_words_of_texts_are_counted_by_kind() -> None:
    restore = replaced(("к0т", "кот"), ("дом", "том"))
    found = measure_texts(
        restore,
        ["<b>к0т</b> и дом", "с*м"],
        ["кот и дом", "сам"],
        ["digits", "stars"],
    )
    assert counts(found["digits"]) == {"texts": (0, 1), "words": (1, 1), "others": (1, 2)}
    assert counts(found["stars"]) == {"texts": (0, 1), "words": (0, 1), "others": (0, 0)}
    assert list(found["digits"].examples) == ["дом → том (дом)"]
    assert list(found["stars"].examples) == ["с*м → с*м (сам)"]
    assert counts(Measured({"words": total(found, "words")})) == {"words": (1, 2)}
    assert mean(found, "words") == 0.5 and mean(found, "others") == 0.5
    assert mean({}, "words") is None


def test_touched_clean_words_are_counted() -> None:
    restore = replaced(("с*м", "сам"), ("дом", "том"))
    measured = measure_clean(restore, ["Я с*м, дом!", "https://example.com/page"])
    assert counts(measured) == {"touched": (2, 3), "touched_plain": (1, 2)}
    assert sorted(measured.examples) == ["дом → том", "с*м → сам"]


def test_noise_changes_words_and_nothing_restores_them() -> None:
    texts = ["какой хороший день, чтобы пилить раму"] * 8
    found = measure_noise(NoNormalizer(), texts)
    assert list(found) == list(noises()) and {"level_4", "spaces", "swap"} <= set(found)
    for name, measured in found.items():
        shares = counts(measured)
        assert shares["words"][0] == 0 and shares["others"][0] == 0, name
        assert (
            shares["words"][1] > 0 and sum(n for _, n in (shares["words"], shares["others"])) == 48
        )
    assert counts(measure_noise(NoNormalizer(), texts)["spaces"]) == counts(found["spaces"])
    assert counts(measure_noise(NoNormalizer(), texts, seed=1)["spaces"]) != counts(found["spaces"])


def test_shares_have_wilson_intervals_and_no_texts() -> None:
    measured = Measured({"restored": Share(3, 4), "none": Share()})
    measured.examples["a → b (c)"] += 1
    written = measured.to_json()
    assert json.loads(json.dumps(written, allow_nan=False)) == written
    assert written["none"] == {"hits": 0, "count": 0} and math.isnan(Share().share)
    assert written["restored"]["share"] == 0.75
    assert written["restored"]["interval"] == pytest.approx(wilson_interval(3, 4), abs=1e-6)
    assert set(written) == {"restored", "none"}


def test_the_first_rows_of_each_kind_are_taken() -> None:
    rows = [{"kind": kind, "n": n} for n, kind in enumerate("aabab")]
    assert [row["n"] for row in by_kind(rows, 1)] == [0, 2]
    assert len(by_kind(rows, None)) == 5 and len(by_kind([{}, {}], 1)) == 1
