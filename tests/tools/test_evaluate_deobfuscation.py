import json
from pathlib import Path
from typing import Any

import pytest

from tools.evaluate_deobfuscation import main
from vitrina.reports.result_files import Results, collect


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def test_normalizers_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = written(tmp_path / "w.jsonl", {"text": "дуpак", "plain": "дурак"})
    texts = written(
        tmp_path / "t.jsonl",
        {"text": "кaкой день", "plain": "какой день", "kind": "latin"},
        {"text": "к_о_т", "plain": "кот", "kind": "signs"},
    )
    clean = written(tmp_path / "c.jsonl", {"text": "какой хороший день"})
    saved = tmp_path / "found.json"
    files = [f"--disguises={words}", f"--texts={texts}", f"--clean={clean}", f"--json={saved}"]
    assert main(["--compare", "--noise", "--examples=2", *files]) == 0
    output = capsys.readouterr().out
    assert "in_sentences" in output and "mistakes in texts signs" in output
    rules, confusables = json.loads(saved.read_text("utf-8"))["rows"][:2]
    assert (rules["name"], confusables["name"]) == ("rules", "confusables")
    for row in (rules, confusables):
        assert row["disguises"]["alone"]["share"] == 1
        assert row["clean"]["touched"]["hits"] == 0 and row["clean"]["touched"]["count"] == 3
        assert row["texts"]["kinds"]["latin"]["words"]["share"] == 1
        assert row["noise"]["kinds"]["level_1"]["others"]["hits"] == 0
    assert confusables["texts"]["mean"]["words"] == 0.5
    assert "дурак" not in saved.read_text("utf-8")
    table = Results()
    collect(table, [saved], {"alone": "disguises.alone.share"})
    assert table.rows[0].label == "`rules`" and table.rows[0].scores == {"alone": 1.0}


def test_deobfuscators_are_fitted_without_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = written(tmp_path / "w.jsonl", {"text": "дуpaк", "plain": "дурак"})
    saved = tmp_path / "found.json"
    few = "dataset.num_comments=300"
    fits = ["--fit", few, "--fit", few, "deobfuscator=codes"]
    assert main([*fits, f"--disguises={words}", f"--json={saved}"]) == 0
    rows = json.loads(saved.read_text("utf-8"))["rows"]
    assert [row["name"] for row in rows] == ["deobfuscator=words", "deobfuscator=codes"]
    assert all(row["disguises"]["alone"]["count"] == 1 for row in rows)
    assert "deobfuscator=codes: fitted in" in capsys.readouterr().out


def test_wrong_arguments_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = written(tmp_path / "w.jsonl", {"text": "дурак"})
    for arguments, message in [
        ([], "RUN_FOLDER"),
        (["--compare"], "--disguises"),
        (["--compare", "--noise"], "--clean"),
        (["--compare", f"--disguises={words}"], "w.jsonl:1: plain"),
        (["--compare", f"--clean={tmp_path}/none"], "none"),
        ([str(tmp_path), f"--disguises={words}"], "config.yaml"),
        (["--fit", "deobfuscator=none", f"--clean={words}"], "deobfuscator = 'none'"),
        (["--fit", "dictionary=ru", "--honest-words"], "dictionary.hold_out"),
    ]:
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
