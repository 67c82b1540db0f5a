import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.train_tokenizer import main
from vitrina.models.embedders.wordpiece import load_tokenizer

TOOL = Path(__file__).resolve().parents[2] / "tools" / "train_tokenizer.py"

ROWS: list[dict[str, Any]] = [
    {"text": "Скотина! что сказать", "toxic": 1},
    {"text": "", "toxic": 0},
    {"text": "что сказать, скотина \ud83d 😀", "toxic": 0},
]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(data: Path, folder: Path, *more: str) -> int:
    return main([f"--data={data}", f"--save-to={folder}", "--vocabulary-size=200", *more])


def pieces(folder: Path, text: str) -> list[str]:
    return load_tokenizer(folder).encode(text).tokens


def test_from_the_command_line(tmp_path: Path) -> None:
    data, folder = write(tmp_path / "in.jsonl", ROWS * 5), tmp_path / "new" / "tokenizer"
    command = [sys.executable, str(TOOL), f"--data={data}", f"--save-to={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith(f"{folder / 'tokenizer.json'}: ")
    assert done.stdout.endswith(" word pieces\n")
    assert pieces(folder, "что СКОТИНА") == ["что", "скотина"]
    assert [path.name for path in folder.iterdir()] == ["tokenizer.json"]


def test_case_frequency_and_size_are_used(tmp_path: Path) -> None:
    data = write(tmp_path / "in.jsonl", [*ROWS * 5, {"text": "однажды"}])
    assert run(data, tmp_path / "cased", "--cased") == 0
    assert pieces(tmp_path / "cased", "Скотина") == ["Скотина"]
    assert "скотина" in pieces(tmp_path / "cased", "скотина")
    assert len(pieces(tmp_path / "cased", "однажды")) > 1
    assert run(data, tmp_path / "rare", "--min-frequency=1") == 0
    assert pieces(tmp_path / "rare", "однажды") == ["однажды"]
    assert load_tokenizer(tmp_path / "rare").get_vocab_size() <= 200


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"comment": "а"}', ":3: no field 'text'; the fields are: comment"),
        ('{"text": 5}', ":3: the field 'text' is not text but 5"),
        ("[]", ":3: not a JSON object but []"),
        ("{", ":3: not JSON: Expecting property name enclosed in double quotes at column 2"),
    ],
)
def test_wrong_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, reason: str
) -> None:
    data = tmp_path / "in.jsonl"
    data.write_text(f'{{"text": "да"}}\n\n{line}\n', encoding="utf-8")
    assert run(data, tmp_path / "tokenizer") == 2
    assert capsys.readouterr().err == f"error: {data}{reason}\n"
    assert list(tmp_path.iterdir()) == [data]


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--text-field=comment", "{data}:1: no field 'comment'; the fields are: text, toxic"),
        ("--vocabulary-size=99", "--vocabulary-size = 99: must be at least 100"),
        ("--min-frequency=0", "--min-frequency = 0: must be at least 1"),
        ("--data=none.jsonl", "none.jsonl: No such file or directory"),
        ("--save-to={data}", "{data}: cannot be created (File exists)"),
    ],
)
def test_wrong_flags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, reason: str
) -> None:
    data = write(tmp_path / "in.jsonl", ROWS)
    assert run(data, tmp_path / "tokenizer", flag.format(data=data)) == 2
    assert capsys.readouterr().err == f"error: {reason.format(data=data)}\n"
    assert list(tmp_path.iterdir()) == [data]


def test_a_file_without_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "in.jsonl", [])
    assert run(data, tmp_path / "tokenizer") == 2
    assert capsys.readouterr().err == f"error: {data}: there are no rows in the file\n"
    assert list(tmp_path.iterdir()) == [data]
