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
    """Write a Python program that runs `body`; `lines` are the lines of its input."""
    path = folder / "a model.py"
    path.write_text(f"import json, sys, time\nlines = sys.stdin.read().split('\\n')[:-1]\n{body}")
    return f"'{sys.executable}' '{path}'"


def test_scores_are_in_order_of_texts(tmp_path: Path) -> None:
    body = "for line in lines: print(len(json.loads(line)) / 100)"
    found = ExternalClassifier(command(tmp_path, body))(TextBatch.from_strings(TEXTS))
    assert found.dtype == np.float64
    assert found[:, 1].tolist() == [len(text) / 100 for text in TEXTS]
    assert found.sum(axis=1).tolist() == [1.0] * len(TEXTS)


def test_plain_input_has_one_line_per_text(tmp_path: Path) -> None:
    body = "open('seen.json', 'w').write(json.dumps(lines))\nprint('0.5\\n' * len(lines), end='')"
    at = command(tmp_path, body.replace("seen.json", str(tmp_path / "seen.json")))
    ExternalClassifier(at, plain=True)(TextBatch.from_strings(TEXTS))
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen == ["дурак", "два ряда", "", "? и 👍", TEXTS[4]]


def test_command_does_not_run_without_texts() -> None:
    assert ExternalClassifier("no-such-program")(TextBatch.from_strings([])).shape == (0, 2)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print(0.5)", "wrote 1 lines for 5 texts; must write one score per text"),
        ("print('0.5\\n' * 4 + 'nan')", "output line 5 is 'nan'; must be a number between"),
        ("print('0.5\\n' * 4 + '1.5')", "output line 5 is '1.5'; must be a number between"),
        ("print('toxic\\n' * 5)", "wrote 6 lines for 5 texts"),
        ("print('toxic\\n' * 5, end='')", "output line 1 is 'toxic'; must be a number"),
        ("sys.exit('no weights')", "exit code 1: no weights"),
        ("time.sleep(60)", "still running after 0.5 s; it must exit at the end of its input"),
    ],
)
def test_faulty_command_gives_one_line_error(body: str, message: str, tmp_path: Path) -> None:
    classifier = ExternalClassifier(
        command(tmp_path, body), timeout=0.5 if "sleep" in body else 60.0
    )
    with pytest.raises(InputError, match=message) as error:
        classifier(TextBatch.from_strings(TEXTS))
    assert len(str(error.value).splitlines()) == 1


def test_command_does_not_run_in_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="cannot be started"):
        ExternalClassifier("no-such-program; touch bad")(TextBatch.from_strings(["а"]))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match=r"--command = \"python '\": cannot be parsed"):
        ExternalClassifier("python '")
