import json
from collections import Counter
from pathlib import Path

import pytest

from vitrina.errors import InputError
from vitrina.noise.tables import (
    ALPHABET,
    SMALL,
    letter_options,
    level_table,
    load_clusters,
    seen_glyphs,
    unseen_options,
)

# The published replacements: a letter, then its replacement. The deletion of ъ is tested below.
PUBLISHED = {
    1: "б6 з3 о0 ч4",
    2: "аa а@ бb б6 вv вw гg гr дd еe ёe жzh зz з3 иi иu йj йi йu йy кk лl мm нn оo о0 пp пn рr рp "
    "сs сc с$ тt тm уu уy фf хh хx цc цu, чch ч4 шsh шw щsh щw щsch ыi ыy ь' эe юu юyu яa яya",
    3: "ж}|{ ж>|< кi{ к|{ лji ф0|0 х}{ ыbi ыb| юio ю|o",
}


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_levels_contain_the_published_replacements(level: int) -> None:
    options = letter_options(level)
    for known in range(1, min(level, 3) + 1):
        for fact in PUBLISHED[known].split():
            assert fact[1:] in options[fact[0]], (known, fact)
    assert ("" in options.get("ъ", [])) == (level >= 2)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_levels_contain_nothing_else(level: int) -> None:
    facts = {fact for known in range(1, level + 1) for fact in PUBLISHED[known].split()}
    ours = {letter + part for letter in SMALL for part in letter_options(level).get(letter, [])}
    assert ours - {"ъ"} == facts


def test_each_level_contains_the_lower_ones() -> None:
    for level in (1, 2, 3):
        lower, higher = letter_options(level), letter_options(level + 1)
        for letter, options in lower.items():
            assert set(options) <= set(higher[letter])
    assert letter_options(0, masks="*") == {}


def test_capital_letters_have_upper_case_replacements() -> None:
    options = letter_options(3)
    assert set(options["Ж"]) == {"ZH", "}|{", ">|<"}
    assert set(options["О"]) == {"O", "0"}
    for letter in SMALL:
        assert all(part == part.lower() for part in options[letter])
        assert all(part == part.upper() for part in options[letter.upper()])


def test_no_letter_replaces_itself() -> None:
    assert not any(
        letter in letter_options(4)[letter] for letter in ALPHABET if letter in letter_options(4)
    )


def test_weights_and_masks() -> None:
    plain = letter_options(4)
    weighted = letter_options(4, masks="*.", weight_level_3=3)
    three = letter_options(3)
    for letter in ALPHABET:
        counts = Counter(weighted[letter])
        for part in plain.get(letter, []):
            assert counts[part] == (3 if part in three[letter] else 1)
        assert counts["*"] == counts["."] == 1


def test_unseen_look_alikes_exclude_all_levels(tmp_path: Path) -> None:
    own = unseen_options()
    assert len(own) > 50 and all(own.values())
    assert not seen_glyphs() & {sign for glyphs in own.values() for sign in glyphs}
    path = write(tmp_path / "a.json", {"о": ["o", "ο", "о", "0", "ꙩ"], "э": ["э"]})
    assert unseen_options(path) == {"о": ["ꙩ"], "О": ["Ꙩ"]}


def test_known_level_excludes_lower_levels_only(tmp_path: Path) -> None:
    higher = level_table(4)["к"][0]
    assert higher not in seen_glyphs(3) and higher in seen_glyphs(4)
    path = write(tmp_path / "a.json", {"к": [higher, "k"]})
    assert unseen_options(path, known_level=3)["к"] == [higher]
    assert unseen_options(path) == {}


def write(path: Path, content: object) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_custom_clusters(tmp_path: Path) -> None:
    path = write(tmp_path / "own.json", {"ц": ["ц", "џ", "u,"], "Ц": ["Џ"], "ы": ["ӹ"]})
    options = letter_options(4, clusters=path)
    assert options["ц"] == ["c", "u,", "џ"]
    assert options["Ц"] == ["C", "U,", "Џ"]
    assert options["Ы"][-1] == "Ӹ"


def test_invalid_clusters_raise_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"none\.json: there is no such file; .*clusterization\.py"
    ):
        load_clusters(tmp_path / "none.json")
    with pytest.raises(InputError, match="'а': must be one letter with a list of glyphs"):
        load_clusters(write(tmp_path / "a.json", {"а": "a"}))
    with pytest.raises(InputError, match="must be one letter"):
        load_clusters(write(tmp_path / "b.json", {"аб": ["a"]}))
    with pytest.raises(InputError, match="must be"):
        load_clusters(write(tmp_path / "c.json", ["а"]))
    (tmp_path / "d.json").write_text('{\n"а": [}', encoding="utf-8")
    with pytest.raises(InputError, match=r"d\.json:2: not JSON"):
        load_clusters(tmp_path / "d.json")


def test_clusters_are_read_for_level_4_only(tmp_path: Path) -> None:
    missing = tmp_path / "none.json"
    assert letter_options(3, clusters=missing) == letter_options(3)
    with pytest.raises(InputError):
        letter_options(4, clusters=missing)
