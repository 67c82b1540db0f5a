"""How much of a text was read, and whether the training texts hold such text."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.config import compose_config
from vitrina.deobfuscation.base import Deobfuscator
from vitrina.deobfuscation.words import WordDeobfuscator
from vitrina.glyphs.segmentation import segment
from vitrina.models.coverage import Coverage, TrainingTexts, fit_coverage
from vitrina.noise.corpus import Corpus
from vitrina.text.batch import TextBatch

SENTENCES = ["моя собака гуляет в старом парке", "кошка и собака спят на тёплом диване", "дом"]
TRAINING = TextBatch.from_strings(SENTENCES * 40)


@pytest.fixture(scope="module")
def known() -> TrainingTexts:
    return TrainingTexts(fit_coverage(TRAINING))


@pytest.fixture(scope="module")
def deobfuscator() -> Deobfuscator:
    config = compose_config(["deobfuscator=words"]).deobfuscator
    corpus = Corpus(TRAINING, lambda: TRAINING)
    return WordDeobfuscator(config, WordDeobfuscator.fit(config, corpus))


def covered(
    known: TrainingTexts, *texts: str, deobfuscator: Deobfuscator | None = None
) -> list[tuple[float, float]]:
    batch = TextBatch.from_strings(texts)
    found = known.coverage(batch, deobfuscator and deobfuscator(batch))
    return list(zip(found.unread.tolist(), found.unsupported.tolist(), strict=True))


def test_known_text_is_read_and_supported(known: TrainingTexts, deobfuscator: Deobfuscator) -> None:
    for each in (None, deobfuscator):
        assert covered(known, *SENTENCES, deobfuscator=each) == [(0, 0)] * 3
        assert covered(known, "Собака, КОШКА!", deobfuscator=each)[0][1] == 0


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u00ad \u2800"])
def test_nothing_left_to_read_is_unread(
    known: TrainingTexts, deobfuscator: Deobfuscator, text: str
) -> None:
    assert covered(known, text) == covered(known, text, deobfuscator=deobfuscator) == [(1, 0)]


def test_without_a_deobfuscator_new_glyphs_are_unread(known: TrainingTexts) -> None:
    assert covered(known, "дом ☃今") == [(1 / 5, 1 / 4)]  # a snowman is a picture
    assert covered(known, "dom") == [(1, 1)]


def test_unknown_words_of_a_known_script_are_unsupported_but_read(
    known: TrainingTexts, deobfuscator: Deobfuscator
) -> None:
    assert covered(known, "дом ток")[0] == (0, 0.5)
    assert covered(known, "собака-дом")[0][1] == 0


def test_a_disguise_is_read_if_it_becomes_a_known_word(
    known: TrainingTexts, deobfuscator: Deobfuscator
) -> None:
    read, other = covered(known, "cобaка", "今天天", deobfuscator=deobfuscator)
    assert read == (0, pytest.approx(2 / 6))  # two Latin letters
    assert other == (1, 1)


@settings(max_examples=40)
@given(st.lists(st.text("дом собака今天ab1.-☃'", max_size=12), max_size=4))
def test_shares_do_not_depend_on_the_batch(
    known: TrainingTexts, deobfuscator: Deobfuscator, texts: list[str]
) -> None:
    for each in (None, deobfuscator):
        alone = [covered(known, text, deobfuscator=each)[0] for text in texts]
        assert covered(known, *texts, deobfuscator=each) == alone
        assert all(0 <= share <= 1 for pair in alone for share in pair)


@settings(max_examples=60)
@given(st.text("дом今天ab1.- ", max_size=12))
def test_unread_equals_a_slow_count(known: TrainingTexts, text: str) -> None:
    glyphs = segment(TextBatch.from_strings([text]))
    drawn = [glyphs.clusters[i] for i in glyphs.ids.tolist() if glyphs.clusters[i] != " "]
    new = [glyph for glyph in drawn if glyph not in "".join(SENTENCES)]
    expected = len(new) / len(drawn) if drawn else 1
    assert covered(known, text)[0][0] == expected


def test_it_is_pickled_and_joined(known: TrainingTexts) -> None:
    copy: Any = pickle.loads(pickle.dumps(known))
    assert covered(copy, "дом 今") == covered(known, "дом 今")
    none = Coverage.join([])
    assert len(none.unread) == len(none.unsupported) == 0
    part = Coverage(np.array([0.5]), np.array([0.0]))
    assert Coverage.join([part, part]).unread.tolist() == [0.5, 0.5]
