from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.reports.made_up_runs import full_metrics, write_run
from vitrina.errors import InputError
from vitrina.reports.runs import differing, read_runs, score_at


def test_differing_omits_determined_settings(tmp_path: Path) -> None:
    for model in ("vtr", "ttr"):  # their embedders differ too
        for level in (1, 4):
            for seed in (1, 2):
                write_run(tmp_path / f"{model}-{level}-{seed}", model, seed, 0.5, level=level)
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "error.txt").write_text("no such file", "utf-8")
    assert differing(read_runs(tmp_path)) == ["model", "noise.level_toxic"]


def test_differing_omits_settings_determined_within_group(tmp_path: Path) -> None:
    for level in (1, 4):
        noise = {"kind": "uniform", "level_toxic": level, "level_non_toxic": min(level, 2)}
        write_run(tmp_path / f"vtr-{level}", "vtr", 1, 0.5, noise=noise)
    assert differing(read_runs(tmp_path)) == ["noise.level_toxic"]


def test_setting_is_option_or_value(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "vtr", 3, 0.5, dropout=None, flag=True, sizes=[1, 2])
    (run,) = read_runs(tmp_path)
    found = {key: run.setting(key) for key in ("model", "noise", "noise.level_toxic", "seed")}
    assert found == {"model": "vtr", "noise": "uniform", "noise.level_toxic": "1", "seed": "3"}
    assert [run.setting(key) for key in ("dropout", "flag", "sizes")] == ["null", "true", "[1,2]"]
    assert run.setting("embedder") == "glyphs" and run.setting("nothing.at.all") is None


def test_later_evaluations_are_merged(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "vtr", 1, 0.5)
    later = full_metrics(0.5)
    for name in ("full", "broken"):
        (run / "evaluations" / name).mkdir(parents=True)
    found = {"test": {"clean": {"f1": 0.9}}, **later}
    (run / "evaluations" / "full" / "metrics.json").write_text(json.dumps(found), "utf-8")
    (run / "evaluations" / "broken" / "metrics.json").write_text("{", "utf-8")
    (read,) = read_runs(tmp_path)
    assert read.metrics["curves"] == later["curves"]
    assert read.metrics["test"]["clean"]["f1"] == 0.5  # the scores of the run are kept


def test_score_at_path() -> None:
    metrics = {"test": {"my.file": {"f1": 0.5, "none": None, "list": [1, 2], "flag": True}}}
    assert score_at(metrics, "test.my.file.f1") == 0.5
    assert score_at(metrics, "test.my.file.none") is None
    assert score_at(metrics, "test.my.file.list.1") == 2
    for path in ("test.my.file.list.2", "test.my.file.flag", "test.my", "f1", "test..f1", ""):
        with pytest.raises(InputError) as error:
            score_at(metrics, path)
        assert str(error.value).startswith(f"--metric {path}: ")
        assert "\n" not in str(error.value)
