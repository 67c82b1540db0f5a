import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.prepare_ok_dataset import main

TOOL = Path(__file__).resolve().parents[2] / "tools" / "prepare_ok_dataset.py"

LINES = [
    "__label__INSULT скотина! что сказать",
    "__label__NORMAL доброе утро 😀",
    "",
    "__label__INSULT,__label__THREAT приду и убью",
    "__label__OBSCENITY  да пошёл ты",
]
ROWS: list[dict[str, Any]] = [
    {"text": "скотина! что сказать", "toxic": 1},
    {"text": "доброе утро 😀", "toxic": 0},
    {"text": "приду и убью", "toxic": 1},
    {"text": "да пошёл ты", "toxic": 1},
]


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_text("".join(line + "\n" for line in lines), encoding=encoding)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(data: Path, target: Path, *more: str) -> int:
    return main([f"--data={data}", f"--save-to={target}", *more])


def test_from_the_command_line(tmp_path: Path) -> None:
    data, target = write(tmp_path / "dataset.txt", LINES), tmp_path / "dataset.jsonl"
    command = [sys.executable, str(TOOL), f"--data={data}", f"--save-to={target}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == (f"4 lines written to {target}\n", "")
    assert read(target) == ROWS
    first = target.read_text(encoding="utf-8").splitlines()[0]
    assert first == '{"text": "скотина! что сказать", "toxic": 1}'
    assert sorted(tmp_path.iterdir()) == [target, data]


def test_bad_lines_are_skipped_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [*LINES, "без метки", "__label__NORMAL ", "и ещё одна"]
    data, target = write(tmp_path / "dataset.txt", lines), tmp_path / "dataset.jsonl"
    assert run(data, target, "--on-error=skip") == 0
    assert read(target) == ROWS
    assert capsys.readouterr().out.splitlines() == [
        f"{data}: 2 rows skipped: no __label__ at the start of the line (first in line 6)",
        f"{data}: 1 row skipped: no text after the labels (first in line 7)",
        f"4 lines written to {target}",
    ]


@pytest.mark.parametrize(
    ("lines", "encoding", "reason"),
    [
        ([*LINES, "без метки"], "utf-8", ":6: no __label__ at the start of the line"),
        (["__label__RUDE да"], "utf-8", ":1: unknown label 'RUDE'; allowed: INSULT, NORMAL"),
        (LINES, "cp1251", ":1: not UTF-8 (byte 0xF1 at byte 17 of the line)"),
        (LINES, "utf-16", ":1: not UTF-8 but UTF-16; save the file as UTF-8"),
        ([], "utf-8", ": there are no rows in the file"),
    ],
)
def test_wrong_files_end_in_one_line_and_leave_the_target(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    lines: list[str],
    encoding: str,
    reason: str,
) -> None:
    plain = [line.replace("😀", "") for line in lines]
    data, target = write(tmp_path / "in.txt", plain, encoding), tmp_path / "out.jsonl"
    target.write_text("before", encoding="utf-8")
    assert run(data, target) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {data}{reason}")
    assert (captured.err.count("\n"), captured.out) == (1, "")
    assert target.read_text(encoding="utf-8") == "before"
    assert sorted(tmp_path.iterdir()) == [data, target]


def test_a_file_of_bad_lines_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "in.txt", ["а", "б"])
    assert run(data, tmp_path / "out", "--on-error=skip") == 2
    assert capsys.readouterr().err == (
        f"error: {data}: there are no valid rows: 2 × no __label__ at the start of the line\n"
    )


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--save-to=no/such/folder/file", "no/such/folder/file: cannot be written (No such file"),
        ("--data=none.txt", "none.txt: No such file or directory"),
    ],
)
def test_wrong_flags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, reason: str
) -> None:
    data = write(tmp_path / "in.txt", LINES)
    assert run(data, tmp_path / "out", flag) == 2
    assert capsys.readouterr().err.startswith(f"error: {reason}")
    assert sorted(tmp_path.iterdir()) == [data]
