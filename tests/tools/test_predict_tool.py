"""Tests of tools/predict.py."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.predict import main

TOOL = Path(__file__).resolve().parents[2] / "tools" / "predict.py"

ROWS: list[dict[str, Any]] = [
    {"text": "ты дурак", "id": 1, "nested": {"a": [None, 1.5]}},
    {"text": ""},
    {"text": "о" * 100_000, "score": "высокий"},
    {"text": "\ud800 и 👍🏽 и שלום", "id": "четыре"},
]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_lines_keep_their_order_and_other_fields(trained: Path, tmp_path: Path) -> None:
    data, target = write(tmp_path / "in.jsonl", ROWS), tmp_path / "out.jsonl"
    command = [sys.executable, str(TOOL), str(trained), f"--data={data}", f"--save-to={target}"]
    subprocess.run(command, check=True, cwd=tmp_path)
    scored = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in scored] == [row["text"] for row in ROWS]
    assert scored[0]["id"] == 1 and scored[0]["nested"] == {"a": [None, 1.5]}
    assert scored[2]["original_score"] == "высокий"
    assert all(0 <= row["score"] <= 1 and row["label"] in ("0", "1") for row in scored)


def test_one_text(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(trained), "--text", "ты }|{0па"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["text"] == "ты }|{0па" and 0 <= row["score"] <= 1


def test_texts_that_are_shown_alike_get_the_same_score(trained: Path, tmp_path: Path) -> None:
    hidden = [
        "ты тупой дурак",
        "ты ту<wbr>пой ду<x>р&amp;#1072;к",
        "**ты [b]ту[/b]пой \u202eкаруд\u202c**",
        "ты https://тупой.рф/%D0%B4%D1%83%D1%80%D0%B0%D0%BA",
        "[id1|ты] #тупой " + "дурак".encode().decode("cp1251"),
    ]
    data, target = write(tmp_path / "in.jsonl", [{"text": text} for text in hidden]), tmp_path / "o"
    assert main([str(trained), f"--data={data}", f"--save-to={target}"]) == 0
    scores = [json.loads(line)["score"] for line in target.read_text("utf-8").splitlines()]
    assert scores == pytest.approx([scores[0]] * len(scores), abs=1e-5)


def test_standard_input_contains_one_text_per_line(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = "один\r\n\nтри".encode() + b"\n\xff\xfe\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
    assert main([str(trained)]) == 0
    texts = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert texts == ["один", "", "три", "\ufffd\ufffd"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('\n{"text": 5}', "in.jsonl:3: the field 'text' is not text but 5"),
        ('{"body": "а"}', "in.jsonl:2: no field 'text'; the fields are: body"),
        ("{", "in.jsonl:2: not JSON"),
        ("[1]", "in.jsonl:2: not a JSON object"),
    ],
)
def test_a_bad_line_ends_in_one_line_and_writes_nothing(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    data, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    data.write_text(f'{{"text": "а"}}\n{line}\n', encoding="utf-8")
    assert main([str(trained), f"--data={data}", f"--save-to={target}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_folder_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--text", "а"]) == 2
    assert "is this the folder of a run?" in capsys.readouterr().err
