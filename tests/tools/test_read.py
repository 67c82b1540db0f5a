"""Tests of tools/read.py."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.read import main
from vitrina.tasks.ocr.picture import wrong_letters

TOOL = Path(__file__).resolve().parents[2] / "tools" / "read.py"


def test_arguments_and_lines_are_recognized(
    reads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, str(TOOL), str(reads), "привет", "}|{0па"]
    done = subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.count("\n") == 2
    given = "привет\r\n}|{0па\n".encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
    assert main([str(reads)]) == 0
    assert capsys.readouterr().out == done.stdout


def test_recognized_text_is_added_to_rows(
    reads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "in.jsonl"
    data.write_text('{"text": "привет", "id": 1}\n{"text": ""}\n', encoding="utf-8")
    assert main([str(reads), f"--data={data}"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["id"] == 1 and isinstance(rows[0]["read"], str)
    assert [row["text"] for row in rows] == ["привет", ""]


def test_examples_are_drawn(
    reads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "new" / "readings.png"
    assert main([str(reads), f"--save-to={target}", "--count=3", "--suite=uniform_4"]) == 0
    output = capsys.readouterr().out.splitlines()
    assert len(output) == 9 and output[1].startswith("  meant ") and output[2].startswith("  read ")
    picture = np.asarray(Image.open(target))
    assert picture.shape[0] % 3 == 0
    for example in np.split(picture, 3):
        assert example.min() < 60  # not blank


def test_wrong_letters_are_marked() -> None:
    assert wrong_letters("жопа", "жопа") == [False] * 4
    assert wrong_letters("жона", "жопа") == [False, False, True, False]
    assert wrong_letters("жооопа", "жопа").count(True) == 2
    assert wrong_letters("жоп", "жопа") == [False, False, True]
    assert wrong_letters("", "жопа") == []


def test_a_run_without_ocr_ends_in_one_line(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["а"], [f"--save-to={tmp_path / 'x.png'}"]):
        assert main([str(trained), *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and error.count("\n") == 1
        assert "this model does not recognize text; train one with ocr=ctc" in error
    assert list(tmp_path.iterdir()) == []
