from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitrina.config import compose_config
from vitrina.data.dataset import Split
from vitrina.data.rows import Rows
from vitrina.errors import InputError
from vitrina.evaluation.config import SUITES, EvaluationConfig
from vitrina.evaluation.suites import build_suites, check_names, noise_config
from vitrina.text.batch import TextBatch
from vitrina.text.words import written_words

CONF = Path(__file__).parents[2] / "conf"
TEXTS = ["какой же ты дурак", "сегодня хорошая погода", "", "эта скотина опять молчит"] * 10


def config(names: list[str], **changed: Any) -> EvaluationConfig:
    values: dict[str, Any] = {
        "kind": "levels",
        "suites": names,
        "seed": 7,
        "uniform_p": 0.3,
        "diacritics_p": 0.3,
        "unseen": None,
        "known_level": 4,
        "bootstrap": 0,
        "predictions": False,
        "plot": False,
    }
    return EvaluationConfig(**values | changed)


def split(texts: list[str]) -> Split:
    rows = Rows.from_dicts({"text": text} for text in texts)
    return Split("test", TextBatch.from_strings(texts), np.arange(len(texts)) % 2, rows)


def labels_of(split: Split) -> np.ndarray:
    return split.labels


def build(names: list[str], extra: dict[str, Any] | None = None, **changed: Any) -> dict:
    found = build_suites(config(names, **changed), split(TEXTS), extra or {}, labels_of)
    return {suite.name: suite for suite in found}


def test_suites_are_in_order_with_rows_of_test_texts() -> None:
    found = build(list(SUITES))
    assert list(found) == list(SUITES)
    assert found["clean"].texts.to_strings() == TEXTS
    for name, suite in found.items():
        assert len(suite.texts) == len(TEXTS)
        assert np.array_equal(suite.truth, np.arange(len(TEXTS)) % 2)
        if name != "clean":
            assert suite.texts.to_strings() != TEXTS, name
            assert suite.noise["seed"] == 7


def test_noise_depends_on_seed_and_strength() -> None:
    once, again = build(["uniform_2"]), build(["uniform_2"])
    assert once["uniform_2"].texts.to_strings() == again["uniform_2"].texts.to_strings()
    other = build(["uniform_2"], seed=8)
    assert once["uniform_2"].texts.to_strings() != other["uniform_2"].texts.to_strings()
    shares = [
        np.mean([a != b for a, b in zip("".join(TEXTS), "".join(texts), strict=True)])
        for texts in (suite.texts for suite in build(["unseen_10", "unseen_50"]).values())
    ]
    assert 0 < shares[0] < shares[1] < 0.5
    weak = build(["diacritics"], diacritics_p=0.0)
    assert weak["diacritics"].texts.to_strings() == TEXTS


def test_noise_does_not_depend_on_batch_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = build(["level_4"])["level_4"].texts.to_strings()
    monkeypatch.setattr("vitrina.noise.perturbation.TEXTS_AT_ONCE", 7)
    assert build(["level_4"])["level_4"].texts.to_strings() == whole


@pytest.mark.parametrize(
    ("suite", "option"),
    [
        ("level_4", "published"),
        ("uniform_4", "uniform"),
        ("diacritics", "diacritics"),
        ("unseen_30", "unseen"),
    ],
)
def test_suites_use_settings_of_noise_options(suite: str, option: str) -> None:
    expected = compose_config([f"noise={option}"]).noise
    noise = noise_config(suite, config(["clean"]))
    assert noise == replace(expected, resample_each_epoch=False)


def test_additional_files_come_last_without_noise() -> None:
    found = build(["clean"], {"file_level_1": split(["а", "б"])})
    assert list(found) == ["clean", "file_level_1"]
    assert found["file_level_1"].texts.to_strings() == ["а", "б"]
    assert found["file_level_1"].noise == {}


def test_invalid_names_of_files_are_refused() -> None:
    with pytest.raises(InputError) as error:
        build_suites(config(["clean"]), split(TEXTS), {"level_1": split(["а"])}, labels_of)
    assert str(error.value).startswith(
        "dataset.extra.level_1: the name is taken by a suite; choose another, such as file_level_1"
    )
    for name in ("a/b", "..", ""):
        with pytest.raises(InputError):
            check_names([name])


def test_word_labels_follow_noise() -> None:
    test = split(TEXTS)
    words = written_words(test.texts)
    test.words = words.with_labels(np.arange(len(words)) % 3)
    for suite in build_suites(config(list(SUITES)), test, {"b": test}, lambda split: split.words):
        moved = suite.truth
        assert np.array_equal(moved.labels, test.words.labels)
        assert np.array_equal(moved.counts, words.counts)
        if suite.noise:
            where = zip(moved.text_indices(), moved.starts, moved.ends, strict=True)
            found = [suite.texts[text][start:end] for text, start, end in where]
            assert found != words.texts(test.texts).to_strings()
            assert not any(" " in word for word in found if len(word) < 3)
