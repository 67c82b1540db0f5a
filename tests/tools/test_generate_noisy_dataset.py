import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.generate_noisy_dataset import main

TOOL = Path(__file__).resolve().parents[2] / "tools" / "generate_noisy_dataset.py"

ROWS: list[dict[str, Any]] = [
    {"text": "скотина! что сказать", "toxic": 1, "id": 5},
    {"text": "", "toxic": 0},
    {"text": "обычный текст, ничего такого 😀", "toxic": 0, "nested": {"a": [1, None]}},
]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(data: Path, target: Path, *more: str) -> int:
    return main([f"--data={data}", f"--save-to={target}", *more])


def test_published_noise_from_the_command_line(tmp_path: Path) -> None:
    data, target = write(tmp_path / "in.jsonl", ROWS * 20), tmp_path / "out.jsonl"
    command = [sys.executable, str(TOOL), f"--data={data}", f"--save-to={target}"]
    command += ["--level-toxic=4", "--level-non-toxic=2", "--p-toxic-word=0.5"]
    command += ["--p-toxic-symbol=0.5", "--p-space=0.01", "--p-non-toxic-symbol=0.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "60 lines" in done.stdout
    rows = read(target)
    without = [{k: v for k, v in row.items() if k != "text"} for row in rows]
    assert without == [{k: v for k, v in row.items() if k != "text"} for row in ROWS * 20]
    assert [row["text"] for row in rows] != [row["text"] for row in ROWS * 20]
    assert sorted(tmp_path.iterdir()) == [data, target]


def test_the_seed_determines_the_noise(tmp_path: Path) -> None:
    data = write(tmp_path / "in.jsonl", ROWS * 20)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(data, tmp_path / name, f"--seed={seed}") == 0
    contents = [(tmp_path / name).read_bytes() for name in "abc"]
    assert contents[0] == contents[1] != contents[2]


def test_levels_0_keep_texts(tmp_path: Path) -> None:
    data = write(tmp_path / "in.jsonl", ROWS)
    assert run(data, tmp_path / "out", "--level-toxic=0") == 0
    assert read(tmp_path / "out") == ROWS


def test_labeled_pieces(tmp_path: Path) -> None:
    data = write(tmp_path / "in.jsonl", ROWS)
    assert run(data, tmp_path / "out", "--level-toxic=0", "--sl") == 0
    rows = read(tmp_path / "out")
    assert rows[0]["text"] == [["скотина", 1], ["!", 0], ["что", 0], ["сказать", 0]]
    assert rows[1]["text"] == []
    words = ["обычный", "текст", ",", "ничего", "такого", "😀"]
    assert rows[2]["text"] == [[word, 0] for word in words]
    strong = [
        "--sl",
        "--p-toxic-word=1",
        "--p-toxic-symbol=1",
        "--p-non-toxic-symbol=0",
        "--p-space=1",
    ]
    assert run(data, tmp_path / "out", *strong) == 0
    pieces = read(tmp_path / "out")[0]["text"]
    assert [label for _, label in pieces] == [1, 0, 0, 0]
    assert pieces[1:] == rows[0]["text"][1:]
    assert not set(pieces[0][0]) & set("скотина")


def test_data_may_be_overwritten_and_surrogates_pass(tmp_path: Path) -> None:
    data = write(tmp_path / "in.jsonl", [{"comment": "а\ud83dб", "other": "\udc00"}])
    assert run(data, data, "--text-field=comment", "--level-toxic=0") == 0
    assert read(data) == [{"comment": "а\ufffdб", "other": "\udc00"}]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is not JSON"),
        (b"", "is not JSON"),
        (b"[1]", "must be an object with the field 'text'"),
        (b'{"comment": "a"}', "has no field 'text'; it has 'comment'"),
        (b'{"text": 1}', "text = 1: must be a text"),
        ('{"text": "я"}'.encode("cp1251"), "is not UTF-8 text"),
    ],
)
def test_wrong_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: bytes, reason: str
) -> None:
    data = tmp_path / "in.jsonl"
    data.write_bytes(b'{"text": "ok"}\n' + line + b"\n")
    assert run(data, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {data}:2: ")
    assert reason in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == [data]


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--level-toxic=5", "noise.level_toxic = 5: must be from 0 to 4"),
        ("--p-space=2", "noise.p_space = 2.0: must be from 0 to 1"),
        ("--seed=-1", "seed = -1"),
        ("--lexicon=none.txt", "none.txt: there is no such file"),
        ("--save-to=no/such/folder/file", "cannot be written"),
        ("--data=none.jsonl", "none.jsonl: cannot be read"),
    ],
)
def test_wrong_flags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, reason: str
) -> None:
    data = write(tmp_path / "in.jsonl", ROWS)
    assert run(data, tmp_path / "out", flag) == 2
    assert reason in capsys.readouterr().err


def test_empty_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "in.jsonl", [])
    assert run(data, tmp_path / "out") == 2
    assert "is empty" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [data]
