"""Tests of tools/evaluate.py."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.evaluate import main

TOOL = Path(__file__).resolve().parents[2] / "tools" / "evaluate.py"

FEW = ("evaluation=quick", "evaluation.suites=[clean,level_4]")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_run_evaluated_again_has_the_same_scores(trained: Path) -> None:
    before = (trained / "metrics.json").read_bytes()
    assert main([str(trained), *FEW]) == 0
    found = read(trained / "evaluations" / "quick" / "metrics.json")["test"]
    test = read(trained / "metrics.json")["test"]
    assert list(found) == ["clean", "level_4"]
    for name, scores in found.items():
        assert scores["f1"] == test[name]["f1"] and scores["roc_auc"] == test[name]["roc_auc"]
        lines = (trained / "evaluations" / "quick" / "predictions" / f"{name}.jsonl").open()
        assert sum(1 for _ in lines) == scores["count"]
    assert (trained / "metrics.json").read_bytes() == before


def test_existing_scores_are_replaced_only_with_overwrite(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(trained), *FEW, "dataset.limit_test=10", f"--save-to={tmp_path / 'again'}"]
    assert main(given) == 0
    before = (tmp_path / "again" / "metrics.json").read_bytes()
    capsys.readouterr()
    assert main(given) == 2
    assert "a folder without scores; --overwrite replaces them" in capsys.readouterr().err
    assert (tmp_path / "again" / "metrics.json").read_bytes() == before
    given[3] = "dataset.limit_test=12"
    assert main([*given, "--overwrite"]) == 0
    assert read(tmp_path / "again" / "metrics.json")["test"]["clean"]["count"] == 12


@pytest.fixture
def rude(tmp_path: Path) -> str:
    """A classifier that knows one word."""
    program = tmp_path / "rude.py"
    program.write_text(
        "import json, sys\n"
        "for line in sys.stdin: print(0.9 if 'дурак' in json.loads(line) else 0.1)"
    )
    return f"{sys.executable} {program}"


def test_a_command_is_evaluated_as_a_run(rude: str, tmp_path: Path) -> None:
    rows = [
        {"comment": f"{'ты дурак' if n % 2 else 'ты друг'} номер {n}", "rude": n % 2}
        for n in range(20)
    ]
    pairs = [
        {"comment": "ты дурaк", "corrected": "ты дурак", "rude": 1},
        {"comment": "ты дурак", "corrected": "ты дурак", "rude": 1},
        {"comment": "ты дpуг", "corrected": "ты друг", "rude": 0},
    ]
    for name, some in (("texts", rows), ("pairs", pairs)):
        lines = "\n".join(json.dumps(row) for row in some)
        (tmp_path / f"{name}.jsonl").write_text(lines)
    fields = ["dataset.text_field=comment", "dataset.label_field=rude"]
    given = [f"--data={tmp_path / 'texts.jsonl'}", f"dataset.pairs={tmp_path / 'pairs.jsonl'}"]
    target = tmp_path / "scores"
    assert main(["--command", rude, *given, *fields, *FEW, f"--save-to={target}"]) == 0
    metrics = read(target / "metrics.json")
    assert metrics["test"]["clean"]["f1"] == 1.0
    assert metrics["test"]["level_4"]["f1"] < 1.0
    assert metrics["pairs"] == {
        "count": 3,
        "recall_raw": 0.5,
        "recall_corrected": 1.0,
        "flip_rate": pytest.approx(1 / 3),
    }


def test_pairs_are_evaluated_with_a_run(trained: Path, tmp_path: Path) -> None:
    pair = {"text": "ты дурaк", "corrected": "ты дурак", "toxic": 1}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(pair))
    target = f"--save-to={tmp_path / 'scores'}"
    assert main([str(trained), *FEW, f"dataset.pairs={tmp_path / 'pairs.jsonl'}", target]) == 0
    metrics = read(tmp_path / "scores" / "metrics.json")
    assert metrics["pairs"]["count"] == 1
    assert metrics["pairs"]["recall_raw"] == metrics["test"]["pairs"]["recall"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["RUN", "noise.p=1"], "noise.p = '1': must be a key of evaluation or dataset"),
        (["RUN", "evaluation=none"], "evaluation=none: must be one of"),
        (["RUN", "dataset.limit_tset=1"], "dataset.limit_tset"),
        (["evaluation=quick"], "RUN_FOLDER = '': must be the folder of one run"),
        (["--command", "true"], "--data = None: must be a file of texts and labels"),
        (["nowhere"], "nowhere"),
    ],
)
def test_wrong_arguments_end_in_one_line(
    given: list[str], message: str, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(trained) if each == "RUN" else each for each in given]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
