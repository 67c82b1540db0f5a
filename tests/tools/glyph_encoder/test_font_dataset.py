"""Classes and images of the training set of a glyph encoder."""

import numpy as np
import pytest

from tools.glyph_encoder.font_dataset import (
    classes_of,
    draw_font_dataset,
    own_faces,
    shown_characters,
)
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.noise.tables import ALPHABET


def classes(characters: str) -> dict[str, int]:
    pictures = GlyphRenderer([], 12, 24).render(characters, 16)
    return dict(zip(characters, classes_of(characters, pictures, 0.97).tolist(), strict=True))


def test_russian_letters_are_separate_classes() -> None:
    found = classes("aAcCëéyx" + ALPHABET)
    assert len({found[letter] for letter in ALPHABET}) == len(ALPHABET)


def test_equal_images_are_one_class() -> None:
    found = classes("aаeеoоοAАΑbЬ8")
    for alike in ("aа", "eе", "oоο", "AАΑ"):
        assert len({found[each] for each in alike}) == 1
    assert len({found[each] for each in "aeoAbЬ8"}) == 7


def test_a_letter_with_marks_is_in_the_class_of_the_letter() -> None:
    found = classes("eéêẽvṽуӱх")
    assert found["e"] == found["é"] == found["ê"] == found["ẽ"]
    assert found["v"] == found["ṽ"] != found["e"]
    assert found["у"] == found["ӱ"]
    # `й` is a letter of its own, not `и` with a mark.
    assert classes("ий")["й"] != classes("ий")["и"]


@pytest.fixture(scope="module")
def faces() -> list:
    return own_faces()[:2]


def test_every_face_draws_its_characters(faces: list) -> None:
    dataset = draw_font_dataset(faces, [12, 10], 24, 16, held_out="жaꙩ")
    shown = dataset.characters
    assert set(shown) == set(shown_characters("жaꙩ")) and not set("жaꙩ") & set(shown)
    assert set(ALPHABET) - {"ж"} <= set(shown)
    assert dataset.pictures.shape[1:] == (24, 16) and dataset.pictures.dtype == np.uint8
    assert len(dataset.pictures) == len(dataset.classes) > 3 * len(shown)
    assert set(dataset.classes) == set(range(dataset.num_classes))


def test_images_have_the_class_of_their_character(faces: list) -> None:
    dataset = draw_font_dataset(faces, [12], 24, 16)
    known = dict(zip(dataset.characters, dataset.classes, strict=False))  # of the first face
    drawn = GlyphRenderer(faces[:1], 12, 24).render(["б", "W"], 16)
    for picture, character in zip(drawn, "бW", strict=True):
        at = np.flatnonzero((dataset.pictures == picture).all(axis=(1, 2)))
        assert known[character] in dataset.classes[at]
