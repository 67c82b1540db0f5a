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
    """Return the edited text and the kind of each allowed edit."""
    space = EditTables(settings(**changed)).space(text)
    return {(space.edited([k]), space.edit(k).kind) for k in range(len(space))}


def test_kinds_of_edits() -> None:
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
    assert found == {
        (text, "substitution") for text in ("0", "ο", "σ")
    }  # Greek; Latin o is in level 2


def test_edits_stay_inside_words() -> None:
    space = TABLES.space("да, 12 о нет!")
    assert {space.text[a:b] for a, b in space.spans.tolist()} == {"да", "12", "о", "нет"}
    for k in range(len(space)):
        start, end = space.spans[space.words[k]].tolist()
        assert start <= space.starts[k] <= space.ends[k] <= end
        if space.starts[k] == space.ends[k]:
            assert start < space.starts[k] < end
    assert not any(space.text[a:b] == "12" for a, b in space.spans[space.words].tolist())


def test_letters_with_marks_have_no_edits() -> None:
    assert len(TABLES.space("")) == len(TABLES.space(" … 123")) == 0
    space = TABLES.space("доме\u0301н")
    touched = {place for k in range(len(space)) for place in range(space.starts[k], space.ends[k])}
    assert touched <= {0, 1, 2, 5}


def test_substitutions_by_table() -> None:
    assert substitutions(["level_1"])["о"] == ["0"]
    assert substitutions(["level_3"])["х"] == ["}{"]
    assert "0" not in substitutions(["level_2"])["о"]
    assert "" in letter_options(2)["ъ"] and "" not in substitutions(["level_2"]).get("ъ", [])
    assert not set(substitutions(["unseen"])["о"]) & set(letter_options(4)["о"])
    everything = substitutions(["level_4", "unseen"])["о"]
    assert len(everything) == len(set(everything))


def test_illegible_edits_are_excluded() -> None:
    strict = EditTables(settings(tables=["level_1", "level_2", "level_3"], max_glyph_distance=0.3))
    assert "o" in strict.substitutes["о"] and "@" not in strict.substitutes["а"]
    # The allowed change is proportional to the ink of the word.
    assert edits_of("он", edits=["deletion"]) == set()
    assert len(edits_of("ненормальный", edits=["deletion"])) == 12


@given(st.text(alphabet="абожё. ", max_size=14), st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=40)
def test_compatible_edits_are_legible_and_within_budget(text: str, random) -> None:
    space = EditTables(settings(tables=["level_1", "level_4"])).space(text)
    chosen: list[int] = []
    while len(chosen) < 4 and len(free := np.flatnonzero(space.open(chosen))):
        chosen.append(random.choice(free.tolist()))
    edited = space.edited(chosen)
    assert OSA.distance(text, edited) <= len(chosen)
    assert all(distance <= space.max_distance for distance in space.word_distances(chosen).values())
    assert edited == apply_edits(text, [space.edit(k) for k in reversed(chosen)])


def test_compatible_equals_open() -> None:
    space = TABLES.space("дурак и жопа")
    for chosen in ([], [0], *map(list, combinations(range(0, len(space), 60), 2))):
        if len(chosen) == 2 and not space.compatible(chosen[:1], chosen[1]):
            continue
        allowed = [space.compatible(chosen, k) for k in range(len(space))]
        assert allowed == space.open(chosen).tolist()


def test_touching_edits_are_incompatible() -> None:
    space = EditTables(settings(max_distance=1.0)).space("дом")
    place = {(e.start, e.end, e.kind, e.written): k for k, e in enumerate(_edits(space))}
    swap, gap = place[0, 2, "swap", "од"], place[1, 1, "punctuation", "."]
    first, last = place[0, 1, "deletion", ""], place[2, 3, "deletion", ""]
    assert not space.compatible([swap], gap) and not space.compatible([swap], first)
    assert space.compatible([swap], last) and space.compatible([gap], first)
    assert space.edited([swap, last]) == "од" and space.edited([gap, first]) == ".ом"


def _edits(space: EditSpace) -> list[Edit]:
    return [space.edit(k) for k in range(len(space))]


@pytest.mark.parametrize("kind", EDITS)
def test_single_kind_of_edit(kind: str) -> None:
    space = EditTables(settings(edits=[kind])).space("ненормальный")
    assert len(space) and {edit.kind for edit in _edits(space)} == {kind}
