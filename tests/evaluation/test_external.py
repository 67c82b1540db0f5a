"""Classifiers that are commands."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from vitrina.errors import InputError
from vitrina.evaluation.external import ExternalClassifier
from vitrina.text.batch import TextBatch

TEXTS = ["дурак", "два\nряда", "", "\ud800 и 👍", "$(touch bad) `touch bad`; touch bad"]


def command(folder: Path, body: str) -> str:
    """A program of Python that does `body` for `lines`, the lines of its input."""
    path = folder / "a model.py"
    path.write_text(f"import json, sys, time\nlines = sys.stdin.read().split('\\n')[:-1]\n{body}")
    return f"'{sys.executable}' '{path}'"


def test_scores_are_those_of_the_texts_in_their_order(tmp_path: Path) -> None:
    body = "for line in lines: print(len(json.loads(line)) / 100)"
    found = ExternalClassifier(command(tmp_path, body))(TextBatch.from_strings(TEXTS))
    assert found.dtype == np.float64
    assert found[:, 1].tolist() == [len(text) / 100 for text in TEXTS]
    assert found.sum(axis=1).tolist() == [1.0] * len(TEXTS)


def test_plain_lines_hold_a_text_each(tmp_path: Path) -> None:
    body = "open('seen.json', 'w').write(json.dumps(lines))\nprint('0.5\\n' * len(lines), end='')"
    at = command(tmp_path, body.replace("seen.json", str(tmp_path / "seen.json")))
    ExternalClassifier(at, plain=True)(TextBatch.from_strings(TEXTS))
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen == ["дурак", "два ряда", "", "? и 👍", TEXTS[4]]


def test_no_texts_start_no_command() -> None:
    assert ExternalClassifier("no-such-program")(TextBatch.from_strings([])).shape == (0, 2)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print(0.5)", "wrote 1 lines for 5 texts; must write one score for each"),
        ("print('0.5\\n' * 4 + 'nan')", "line 5 of its output is 'nan'; must be a number between"),
        ("print('0.5\\n' * 4 + '1.5')", "line 5 of its output is '1.5'; must be a number between"),
        ("print('toxic\\n' * 5)", "wrote 6 lines for 5 texts"),
        ("print('toxic\\n' * 5, end='')", "line 1 of its output is 'toxic'; must be a number"),
        ("sys.exit('no weights')", "ended with 1: no weights"),
        ("time.sleep(60)", "has not ended after 0.5 s; it must stop at the end of its input"),
    ],
)
def test_what_a_command_does_wrong_is_said_in_one_line(
    body: str, said: str, tmp_path: Path
) -> None:
    classifier = ExternalClassifier(
        command(tmp_path, body), timeout=0.5 if "sleep" in body else 60.0
    )
    with pytest.raises(InputError, match=said) as error:
        classifier(TextBatch.from_strings(TEXTS))
    assert len(str(error.value).splitlines()) == 1


def test_a_command_is_no_shell_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="cannot be started"):
        ExternalClassifier("no-such-program; touch bad")(TextBatch.from_strings(["а"]))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match=r"--command = \"python '\": cannot be read"):
        ExternalClassifier("python '")
