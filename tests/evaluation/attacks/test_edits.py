from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from tests.evaluation.attacks.attacked import settings
from vitrina.evaluation.attacks.config import EDITS
from vitrina.evaluation.attacks.edits import Edit, EditSpace, EditTables, apply_edits, substitutions
from vitrina.noise.tables import letter_options

TABLES = EditTables(settings())


def edits_of(text: str, **changed: object) -> set[tuple[str, str]]:
    """What single edits make of a text, and of which kind they are."""
    space = EditTables(settings(**changed)).space(text)
    return {(space.edited([k]), space.edit(k).kind) for k in range(len(space))}


def test_each_kind_does_what_its_name_says() -> None:
    free = {"max_distance": 1.0, "max_glyph_distance": 1.0}
    assert edits_of("дом", edits=["deletion"], **free) == {
        (text, "deletion") for text in ("ом", "дм", "до")
    }
    assert edits_of("дом", edits=["swap"], **free) == {("одм", "swap"), ("дмо", "swap")}
    assert {text for text, _ in edits_of("да", edits=["invisible"], **free)} == {
        "д\u200bа",
        "д\u00adа",
    }
    assert {text for text, _ in edits_of("да", edits=["punctuation"], **free)} == {"д.а", "д-а"}
    found = edits_of("о", edits=["substitution"], tables=["level_1", "level_4"], **free)
    assert found == {(text, "substitution") for text in ("0", "ο", "σ")}  # Greek; o is of level 2


def test_edits_stay_inside_words() -> None:
    space = TABLES.space("да, 12 о нет!")
    assert {space.text[a:b] for a, b in space.spans.tolist()} == {"да", "12", "о", "нет"}
    for k in range(len(space)):
        start, end = space.spans[space.words[k]].tolist()
        assert start <= space.starts[k] <= space.ends[k] <= end
        if space.starts[k] == space.ends[k]:
            assert start < space.starts[k] < end
    assert not any(space.text[a:b] == "12" for a, b in space.spans[space.words].tolist())


def test_letters_with_marks_and_texts_without_words_are_left_alone() -> None:
    assert len(TABLES.space("")) == len(TABLES.space(" … 123")) == 0
    space = TABLES.space("доме\u0301н")
    touched = {place for k in range(len(space)) for place in range(space.starts[k], space.ends[k])}
    assert touched <= {0, 1, 2, 5}


def test_tables_are_told_apart_and_nothing_replaces_a_letter_by_nothing() -> None:
    assert substitutions(["level_1"])["о"] == ["0"]
    assert substitutions(["level_3"])["х"] == ["}{"]
    assert "0" not in substitutions(["level_2"])["о"]
    assert "" in letter_options(2)["ъ"] and "" not in substitutions(["level_2"]).get("ъ", [])
    assert not set(substitutions(["unseen"])["о"]) & set(letter_options(4)["о"])
    everything = substitutions(["level_4", "unseen"])["о"]
    assert len(everything) == len(set(everything))


def test_no_edit_makes_a_letter_or_a_word_illegible() -> None:
    strict = EditTables(settings(tables=["level_1", "level_2", "level_3"], max_glyph_distance=0.3))
    assert "o" in strict.substitutes["о"] and "@" not in strict.substitutes["а"]
    # A short word does not bear what a long one bears.
    assert edits_of("он", edits=["deletion"]) == set()
    assert len(edits_of("ненормальный", edits=["deletion"])) == 12


@given(st.text(alphabet="абожё. ", max_size=14), st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=40, deadline=None)
def test_edits_that_go_together_stay_in_the_budget_and_legible(text: str, random) -> None:
    space = EditTables(settings(tables=["level_1", "level_4"])).space(text)
    chosen: list[int] = []
    while len(chosen) < 4 and len(free := np.flatnonzero(space.open(chosen))):
        chosen.append(random.choice(free.tolist()))
    edited = space.edited(chosen)
    assert OSA.distance(text, edited) <= len(chosen)
    assert all(distance <= space.max_distance for distance in space.word_distances(chosen).values())
    assert edited == apply_edits(text, [space.edit(k) for k in reversed(chosen)])


def test_one_edit_at_a_time_is_asked_as_all_are() -> None:
    space = TABLES.space("дурак и жопа")
    for chosen in ([], [0], *map(list, combinations(range(0, len(space), 60), 2))):
        if len(chosen) == 2 and not space.goes_with(chosen[:1], chosen[1]):
            continue
        allowed = [space.goes_with(chosen, k) for k in range(len(space))]
        assert allowed == space.open(chosen).tolist()


def test_edits_that_touch_do_not_go_together() -> None:
    space = EditTables(settings(max_distance=1.0)).space("дом")
    place = {(e.start, e.end, e.kind, e.written): k for k, e in enumerate(_edits(space))}
    swap, gap = place[0, 2, "swap", "од"], place[1, 1, "punctuation", "."]
    first, last = place[0, 1, "deletion", ""], place[2, 3, "deletion", ""]
    assert not space.goes_with([swap], gap) and not space.goes_with([swap], first)
    assert space.goes_with([swap], last) and space.goes_with([gap], first)
    assert space.edited([swap, last]) == "од" and space.edited([gap, first]) == ".ом"


def _edits(space: EditSpace) -> list[Edit]:
    return [space.edit(k) for k in range(len(space))]


@pytest.mark.parametrize("kind", EDITS)
def test_every_kind_is_found_alone(kind: str) -> None:
    space = EditTables(settings(edits=[kind])).space("ненормальный")
    assert len(space) and {edit.kind for edit in _edits(space)} == {kind}
