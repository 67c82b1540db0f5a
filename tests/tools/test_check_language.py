"""`tools/check_language.py` finds banned words in texts, with their places, and not in code."""

import json
from pathlib import Path

import pytest

from tools.check_language import main

BANNED = "flo" + "or"  # the check reads this file, too


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("vitrina/a.py", f"x = 1  # a {BANNED}", ":1"),
        ("vitrina/a.py", f'"""First.\n\nThe {BANNED}.\n"""', ":3"),
        ("vitrina/a.py", f'x = f"{{1}} {BANNED} {{2}}"', ":1"),
        ("tests/a.py", f"\ndef test_a_{BANNED}(): ...", ":2"),
        ("tools/a.py", f"class {BANNED.title()}: ...", ":1"),
        ("conf/model/a.yaml", f"a: 1\nb: 2  # {BANNED}s", ":2"),
        ("docs/a.md", f"# Title\n\n{BANNED.upper()}", ":3"),
        ("README.md", f"A {BANNED}.", ":1"),
        ("Makefile", f"# {BANNED}", ":1"),
    ],
)
def test_a_banned_word_is_found_with_its_place(
    name: str, content: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    assert main(tmp_path) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{name}{place}: ") and BANNED in line.lower()


def test_cells_of_notebooks_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", f"A {BANNED}."]},
        {"cell_type": "code", "source": ["%pip install a\n", f"np.{BANNED}(1)  # {BANNED}"]},
    ]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert main(tmp_path) == 1
    found = [line.split(": ")[0] for line in capsys.readouterr().out.splitlines()]
    assert found == ["docs/a.ipynb:1:2", "docs/a.ipynb:2:2"]


def test_names_in_code_are_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "main.py").write_text(f"{BANNED} = np.{BANNED}(1)  # np.{BANNED} rounds down")
    (tmp_path / "README.md").write_text(f"`math.{BANNED}` and `{BANNED}_px`, {BANNED}ing")
    assert main(tmp_path) == 0
    assert capsys.readouterr().out == ""


def test_listed_lines_are_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "CONTRIBUTING.md"
    path.write_text(f"`tools/check_language.py` finds {BANNED}s.\n{BANNED}", encoding="utf-8")
    assert main(tmp_path) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("CONTRIBUTING.md:2: ")
