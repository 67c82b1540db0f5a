import json
import re
from pathlib import Path

import pytest

from tools.ngram_rival import main
from vitrina.reports.result_files import command_of
from vitrina.reports.runs import read_run


def test_the_baseline_learns_and_prints_the_table_of_a_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    few = ["dataset.num_comments=1500", "evaluation=quick", "noise=published"]
    assert main(few) == 0
    output = capsys.readouterr().out
    f1 = {name: float(value) for name, value in re.findall(r"(clean|level_\d) +(0\.\d{3})", output)}
    assert set(f1) == {"clean", "level_1", "level_2", "level_3", "level_4"}
    assert f1["clean"] > 0.6 and "synthetic demo corpus" in output


def test_wrong_settings_end_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["noise=loud"]) == 2
    assert capsys.readouterr().err.startswith("error: noise=loud: must be one of diacritics, ")


def test_each_label_has_a_regression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = {"INSULT": "дурак", "THREAT": "убью", "NORMAL": "погода"}
    kinds = [["INSULT"], ["THREAT"], ["INSULT", "THREAT"], ["NORMAL"]]
    lines = [
        f"{','.join('__label__' + name for name in kinds[i % 4])} "
        f"{' '.join(words[name] for name in kinds[i % 4])} {'абвгдежзик'[i % 10]}{'абвгд'[i // 40]}"
        for i in range(160)
    ]
    data = tmp_path / "dataset.txt"
    data.write_text("\n".join(lines), encoding="utf-8")
    given = ["task=multilabel", "dataset=ok", f"dataset.train={data}", "noise=none"]
    assert main([*given, "evaluation=quick"]) == 0
    output = capsys.readouterr().out
    assert re.search(r"clean +1\.000 +1\.000", output) and re.search(r"THREAT +\d+ +1\.000", output)
    for setting, allowed in {
        "task.loss=focal": "task.loss = 'focal': must be cross_entropy for this baseline",
        "task.class_weights=balanced": "task.class_weights = 'balanced': must be none for this",
        "task.threshold=validation": "task.threshold = 'validation': must be a number for this",
    }.items():
        assert main([*given, setting]) == 2
        assert capsys.readouterr().err.startswith(f"error: {allowed}")


def test_the_baseline_can_be_attacked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["dataset.num_comments=400", "noise=none", "evaluation=attack", "evaluation.texts=15"]
    few = ["evaluation.max_edits=2", "evaluation.searches=[greedy]", "evaluation.candidates=6"]
    assert main([*given, *few, "--save-to", str(tmp_path / "rival")]) == 0
    captured = capsys.readouterr()
    assert (
        re.search(r"greedy +0 +0\.000", captured.out) and "attacking 15 test texts" in captured.err
    )
    metrics = json.loads((tmp_path / "rival" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["attack"]["budgets"] == [0, 1, 2] and metrics["test"]["clean"]["count"] > 15
    assert metrics["train"]["seconds"] > 0
    assert (tmp_path / "rival" / "attack_greedy.jsonl").is_file()
    run = read_run(tmp_path / "rival")
    assert run.finished and command_of(run).startswith("python ") and run.seed == "1"
