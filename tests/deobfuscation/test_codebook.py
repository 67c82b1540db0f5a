"""Tests of visual codes: look-alikes share a code, distinct letters do not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.tiny import CODES
from vitrina.deobfuscation.codebook import BLANK, FIRST, UNKNOWN, Codebook, fit_codebook
from vitrina.deobfuscation.codes import CodesDeobfuscator
from vitrina.deobfuscation.config import CodesConfig
from vitrina.errors import InputError
from vitrina.glyphs.clustering import LETTERS
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.noise.corpus import Corpus
from vitrina.text.batch import TextBatch

OTHERS = "0123456789.,!?()-:;*abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def fitted(config: CodesConfig, text: str) -> Codebook:
    texts = TextBatch.from_strings([text])
    state = CodesDeobfuscator.fit(config, Corpus(texts, lambda: texts))
    return CodesDeobfuscator(config, state).codebook


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    """A codebook of pixels, fitted on texts in which small letters are the most frequent."""
    config = CodesConfig(features="pixels", min_cosine=0.5)
    return fitted(config, LETTERS * 60 + LETTERS.upper() * 40 + OTHERS * 20 + " " * 100)


def test_russian_letters_have_distinct_codes(codebook: Codebook) -> None:
    codes = codebook(LETTERS)
    assert len(set(codes.tolist())) == len(LETTERS) and codes.min() >= FIRST
    assert codebook(LETTERS.upper()).tolist() == codes.tolist()


def test_look_alikes_share_a_code(codebook: Codebook) -> None:
    alike_of = {"а": "aӑä", "о": "oοö", "с": "cϲ", "е": "eẹ", "В": "BΒ", "Н": "HΗ"}
    for letter, alike in alike_of.items():
        assert set(codebook(alike).tolist()) == {codebook.code(letter)}, letter


def test_marks_do_not_change_a_code(codebook: Codebook) -> None:
    for mark in "\u0301\u0323\u0303\u0336":
        marked = [letter + mark for letter in LETTERS if letter not in "её"]
        expected = [codebook.code(letter) for letter in LETTERS if letter not in "её"]
        assert np.mean(codebook(marked) == expected) > 0.95, mark


def test_glyphs_far_from_all_entries_are_unknown(codebook: Codebook) -> None:
    assert codebook(["中", "👍", "▓", "\U00013000"]).tolist() == [UNKNOWN] * 4
    assert codebook.code(" ") == BLANK
    assert not codebook.is_sign[[UNKNOWN, codebook.code("ж"), codebook.code("7")]].any()
    assert codebook.is_sign[codebook([".", "*", "-"])].all()


def test_codes_do_not_depend_on_the_order_of_queries() -> None:
    glyphs = ["ж", "a", "о\u0301", "中", "3"]
    results = []
    for order in (glyphs, glyphs[::-1]):
        book = fitted(CODES, LETTERS)
        codes = dict(zip(order, book(order).tolist(), strict=True))
        results.append([codes[glyph] for glyph in glyphs])
    assert results[0] == results[1]


def test_rare_glyphs_join_entries_of_frequent_ones() -> None:
    counts = {"А": 5, "Б": 2, "Ц": 9, "а": 7, "б": 30, "ц": 9, "щ": 1}
    degrees = np.deg2rad([0, 182, 85, 40, 180, 90, 270])
    features = 3 * np.stack([np.cos(degrees), np.sin(degrees)], axis=1).astype(np.float32)
    settings: dict[str, Any] = {"min_share": 2 / 63, "merge_cosine": 0.99}
    plain = fit_codebook(counts, features, **settings, fold_case=False)
    assert plain.texts["glyphs"] == '[["б", "Б"], ["Ц", "ц"], ["а"], ["А"]]'
    assert plain.arrays["codes"].tolist() == [FIRST, FIRST + 1, FIRST + 2, FIRST + 3]
    np.testing.assert_allclose(plain.arrays["entries"][1], features[2] / 3, atol=1e-6)
    assert plain.texts["letters"] == '["б", "ц", "а", "а"]'
    folded = fit_codebook(counts, features, **settings, fold_case=True)
    assert folded.arrays["codes"].tolist() == [FIRST, FIRST + 1, FIRST + 2, FIRST + 2]


def test_any_feature_extractor_can_be_used() -> None:
    def ink(pictures: np.ndarray) -> np.ndarray:
        amount = pictures.reshape(len(pictures), -1).mean(axis=1, dtype=np.float32) / 16
        return np.stack([np.cos(amount), np.sin(amount)], axis=1)

    pictures, glyphs = GlyphRenderer([], 12, 24), [".", "о", "Щ"]
    features = ink(pictures.render(glyphs, 16))
    counts = dict.fromkeys(glyphs, 1)
    fitted = fit_codebook(counts, features, min_share=0, merge_cosine=1, fold_case=False)
    book = Codebook(fitted, ink, pictures, width_px=16, min_cosine=0)
    assert len(set(book(glyphs).tolist())) == 3
    assert book.code("·") == book.code(".") and book.code("Ж") == book.code("Щ")


def test_min_share_above_all_glyphs_is_an_error() -> None:
    message = r"deobfuscator\.min_share = 0\.8: must be at most 0\.75, the share of the most"
    with pytest.raises(InputError, match=message):
        fitted(replace(CODES, min_share=0.8), "аббб    ")
