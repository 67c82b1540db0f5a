"""Tests of the clusters of look-alikes."""

from pathlib import Path

import pytest
from PIL import Image

from vitrina.errors import InputError
from vitrina.glyphs.clustering import (
    RUSSIAN,
    candidates,
    cluster_glyphs,
    contact_sheet,
    look_alikes,
)
from vitrina.glyphs.fonts import default_font


@pytest.fixture(scope="module")
def clusters() -> dict[str, list[str]]:
    return cluster_glyphs(default_font(), 13, 500, seed=0)


def test_every_letter_is_in_its_own_cluster(clusters: dict[str, list[str]]) -> None:
    assert list(clusters) == list(RUSSIAN)
    assert all(letter in members for letter, members in clusters.items())
    assert all(members == sorted(members) for members in clusters.values())


def test_identical_glyphs_share_a_cluster(clusters: dict[str, list[str]]) -> None:
    for letter, twin in zip("асеорхуАВЕМНОРСТХ", "aceopxyABEMHOPCTX", strict=True):
        assert twin in clusters[letter], (letter, twin)


def test_dissimilar_letters_do_not_share_a_cluster(clusters: dict[str, list[str]]) -> None:
    for one, other in ("жо", "шг", "фц", "ЖО", "ША"):
        assert other not in clusters[one]


def test_the_same_seed_gives_the_same_clusters() -> None:
    mono = default_font().with_name("DejaVuSansMono-Bold.ttf")
    assert cluster_glyphs(mono, 10, 60, seed=3) == cluster_glyphs(mono, 10, 60, seed=3)


def test_look_alikes_are_assigned_to_one_letter() -> None:
    found = look_alikes(default_font(), 13, 0.9, 5, known={"ȧ"})
    glyphs = [glyph for alike in found.values() for glyph in alike]
    assert len(set(glyphs)) == len(glyphs) and not set(glyphs) & set(RUSSIAN)
    assert max(map(len, found.values())) == 5
    assert "ӂ" in found["ж"] and "ҹ" in found["ч"] and "ȧ" not in glyphs
    assert not any(glyph.isascii() for glyph in glyphs)
    fewer = look_alikes(default_font(), 13, 0.95, 5, known={"ȧ"})
    assert all(alike == found[letter][: len(alike)] for letter, alike in fewer.items())


def test_candidates_are_visible_left_to_right_characters() -> None:
    found = set(candidates(default_font()))
    assert {"ж", "a", "}", "♫"} <= found
    assert not found & {" ", "\u0301", "\u200b", "א", "ع", "5"}


def test_invalid_input_is_an_error() -> None:
    with pytest.raises(InputError, match="clusters = 0: must be from 1 to"):
        cluster_glyphs(default_font(), 13, 0)
    with pytest.raises(InputError, match="has no Russian letters"):
        cluster_glyphs(default_font().with_name("STIXSizOneSymReg.ttf"), 13, 5)


def test_the_contact_sheet_has_a_cell_per_glyph(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    contact_sheet({"а": ["a", "а"], "б": ["б"] * 40}, default_font(), path, cell_px=20)
    with Image.open(path) as sheet:
        assert sheet.size == (32 * 20, 3 * 20)
        assert sheet.getextrema()[0] < 100
