"""Tests of tools/train_glyph_encoder.py."""

import json
from pathlib import Path

import pytest

from tools.glyph_encoder.command import main
from vitrina.glyphs.encoder import read_encoder

TINY = ["--steps=2", "--batch-size=8", "--channels=2", "--features=8"]


def test_an_encoder_is_trained_and_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    look_alikes = tmp_path / "mine.json"
    look_alikes.write_text(json.dumps({"о": ["☉", "o"]}), encoding="utf-8")
    path = tmp_path / "new" / "encoder.safetensors"
    assert main([*TINY, f"--hold-out={look_alikes}", f"--save-to={path}"]) == 0
    output = capsys.readouterr().out
    for words in ("mine.json", "noise=unseen", "confusable (TS 39)", "raw pixels", "1.000 / 1.000"):
        assert words in output
    fitted, made = read_encoder(path)
    assert fitted.arrays["canvas"].tolist() == [24, 16, 12]
    held_out = str(made["held_out"])
    assert "☉" in held_out and "o" not in held_out and "ᴏ" in held_out
    assert made["steps"] == 2 and "DejaVuSerif.ttf" in str(made["faces"])


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--steps=0", "--steps = 0: must be at least 1"),
        ("--height=22", "--height = 22: must be a multiple of 4"),
        ("--font-size=3", "--font-size = 3: must be at least 4"),
        ("--hold-out=none.json", "none.json: there is no such file"),
        ("--font=none.ttf", "none.ttf: no such font file"),
    ],
)
def test_wrong_flags_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, reason: str
) -> None:
    path = tmp_path / "encoder.safetensors"
    assert main([*TINY, f"--save-to={path}", flag]) == 2
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1
    assert not path.exists()
