import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.normalize import main

TOOL = Path(__file__).resolve().parents[2] / "tools" / "normalize.py"


def test_a_text_is_normalized_by_each_normalizer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["}|{0па xyй"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "none: }|{0па xyй",
        "confusables: }|{0па хуй",
        "rules: жопа хуй",
    ]


def test_lines_of_standard_input(tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), "--normalizer=confusables"]
    lines = "ж\u200bопа\n\nok\n".encode()
    done = subprocess.run(command, input=lines, capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout.decode() == "жопа\n\nok\n"


def test_noise_is_drawn_or_read_and_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean, noisy = tmp_path / "clean.jsonl", tmp_path / "noisy.jsonl"
    clean.write_text(json.dumps({"text": "какой дурак"}) + "\n")
    noisy.write_text(json.dumps({"text": "кaкой дуpак"}) + "\n")
    options = [f"--data={clean}", "--normalizer=none", "--normalizer=rules"]
    saved = tmp_path / "shares.json"
    assert main([*options, f"--noisy={noisy}", f"--save-to={saved}"]) == 0
    found = json.loads(saved.read_text("utf-8"))
    assert found["rows"][1]["restored"] == 1 and found["environment"]["vitrina"]
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "%" in line]
    assert [[cell.strip() for cell in row[1:5]] for row in rows] == [
        ["none", "0.00%", "0.00%", "100.00%"],
        ["rules", "100.00%", "100.00%", "100.00%"],
    ]
    assert main([*options, "noise=diacritics", "noise.p=1"]) == 0
    assert "100.00%" in capsys.readouterr().out


def test_wrong_arguments_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "а"}\n')
    other = tmp_path / "b.jsonl"
    other.write_text('{"text": "а"}\n{"text": "б"}\n')
    for arguments, message in [
        ([f"--noisy={file}"], "--noisy"),
        (["--save-to=a.json"], "--save-to"),
        ([f"--data={file}", f"--noisy={other}"], "must be 1 texts"),
        ([f"--data={file}", "noise.p=3", "noise=uniform"], "noise.p"),
        ([f"--data={tmp_path}/none"], "none"),
    ]:
        assert main([*arguments, "--normalizer=none"]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
