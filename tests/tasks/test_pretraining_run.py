"""Pretraining runs: command line, resume, evaluation, unlabeled texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vitrina
from tests.cli.test_main import main
from tests.conftest import small_run, training_that_dies
from tools.evaluate import main as evaluate
from tools.predict import main as predict
from tools.report import main as report
from tools.table import main as table
from vitrina.config import compose_config
from vitrina.data.dataset import load_dataset
from vitrina.errors import InputError

FEW = (
    "task=pretraining",
    "dataset.num_comments=120",
    "dataset.limit_test=20",
    "dataset.limit_val=12",
    "encoder.dim=32",
    "training.batch_size=16",
)
WINDOWS = ("model=vtr", "embedder.channels=[4,8]", "embedder.dim=32", "training.steps=2")
SUITES = {"clean", "level_1", "level_2", "level_3", "level_4"}


def pretrain(folder: Path, *overrides: str) -> dict[str, Any]:
    return small_run(folder, *FEW, *overrides)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretrained") / "run"
    pretrain(folder)
    return folder


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("model", ["vtr_glyphs", "vtr"])
def test_a_run_from_the_command_line(model: str, tmp_path: Path) -> None:
    given = WINDOWS if model == "vtr" else ("model=vtr_glyphs", "training.steps=3")
    few = ["evaluation=quick", "tracking=none", "hydra.run.dir=run", *FEW, *given]
    done = main(*few, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert " masked tokens per suite; masked loss: mean squared" in done.stdout
    assert "clean_masked_loss" in done.stdout and "best step" in done.stdout
    folder = tmp_path / "run"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(metrics["test"]) == SUITES
    assert all(0 < suite["masked_loss"] < 3 for suite in metrics["test"].values())
    best = metrics["val"]
    mean = (best["clean_masked_loss"] + best["noisy_masked_loss"]) / 2
    assert best["score"] == pytest.approx(-mean)
    assert json.loads((folder / "record.json").read_text())["choices"]["task"] == "pretraining"
    with Image.open(folder / "masked.png") as picture:
        height = 24 if model == "vtr_glyphs" else 16
        assert picture.height == 8 * (3 * (height + 1) + 4) * 2 and picture.width > 200
    assert (folder / "levels.png").is_file()


def test_metrics_follow_from_the_file_of_predictions(pretrained: Path) -> None:
    metrics = json.loads((pretrained / "metrics.json").read_text())["test"]["level_4"]
    written = rows(pretrained / "predictions" / "level_4.jsonl")
    tokens = sum(row["masked_tokens"] for row in written)
    loss = sum(row["masked_loss"] * row["masked_tokens"] for row in written)
    assert tokens == metrics["count"]
    assert loss / tokens == pytest.approx(metrics["masked_loss"], abs=1e-5)


def test_recognition_and_masking_train_one_model(tmp_path: Path) -> None:
    reads = ("ocr=ctc", "ocr.dim=32", "ocr.min_count=5", "training.steps=4")
    both = pretrain(tmp_path / "both", *reads)
    assert {"masked_loss", "cer", "infeasible"} <= set(both["test"]["level_4"])
    last = both["val"]
    names = [f"{view}_{name}" for view in ("clean", "noisy") for name in ("masked_loss", "cer")]
    assert last["score"] == pytest.approx(-sum(last[name] for name in names) / 2)
    history = [row for row in rows(tmp_path / "both" / "history.jsonl") if "loss" in row]
    assert all(0 < row["reading_loss"] < row["loss"] for row in history)
    assert len(vitrina.load(tmp_path / "both").recognize(["привет", ""])) == 2

    read = pretrain(tmp_path / "read", *reads, "task.masked_weight=0")
    assert "masked_loss" not in read["test"]["level_4"] and read["test"]["level_4"]["cer"] > 0
    assert not (tmp_path / "read" / "masked.png").exists()
    history = [row for row in rows(tmp_path / "read" / "history.jsonl") if "loss" in row]
    assert all(row["reading_loss"] == row["loss"] for row in history)


def test_more_training_lowers_the_masked_loss(tmp_path: Path, pretrained: Path) -> None:
    before = json.loads((pretrained / "metrics.json").read_text())["test"]["clean"]["masked_loss"]
    longer = pretrain(tmp_path / "run", "training.steps=40", "training.validate_every=100")
    assert longer["test"]["clean"]["masked_loss"] < before - 0.02


def test_a_resumed_run_ends_with_the_same_numbers(tmp_path: Path) -> None:
    given = ("ocr=ctc", "ocr.dim=32", "ocr.min_count=5", "ocr.source=encoder")
    given = (*given, "training.steps=4", "training.validate_every=0.25")
    whole = pretrain(tmp_path / "whole", *given)
    with training_that_dies(2):
        pretrain(tmp_path / "died", *given)
    again = pretrain(tmp_path / "died", *given, "resume=true")
    assert again["val"] == whole["val"]
    for suite in SUITES:
        for name in ("masked_loss", "cer", "count"):
            assert again["test"][suite][name] == whole["test"][suite][name]


def test_commands_that_need_labels_are_refused(
    pretrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (
        lambda: predict([str(pretrained), "--text", "а"]),
        lambda: report([str(pretrained), "--save-to", str(pretrained / "report.html")]),
        lambda: evaluate([str(pretrained), "evaluation=full"]),
        lambda: evaluate([str(pretrained), "evaluation=attack"]),
    ):
        assert command() == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and error.count("\n") == 1 and "no labels" in error
    with pytest.raises(InputError, match=r"pre-trained and predicts no labels; model\.init_from="):
        vitrina.load(pretrained).probabilities(["а"])


def test_a_run_can_be_evaluated_again_and_tabulated(
    pretrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = json.loads((pretrained / "metrics.json").read_text())
    assert evaluate([str(pretrained), "evaluation=quick", "evaluation.suites=[clean]"]) == 0
    written = json.loads((pretrained / "evaluations" / "quick" / "metrics.json").read_text())
    again = written["test"]["clean"]["masked_loss"]
    assert again == pytest.approx(metrics["test"]["clean"]["masked_loss"], abs=1e-5)
    capsys.readouterr()
    shown = ["--rows", "task", "--metric", "test.clean.masked_loss"]
    assert table([str(pretrained), *shown]) == 0
    out = capsys.readouterr().out
    assert f"{metrics['test']['clean']['masked_loss']:.3f}" in out and "lower is better" in out


def test_texts_need_no_labels(tmp_path: Path) -> None:
    data = tmp_path / "texts.jsonl"
    lines = [{"text": f"просто текст {'абвгде'[n % 6] * (n // 6 + 1)}, {n}"} for n in range(60)]
    data.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    given = ["dataset=jsonl", f"dataset.train={data}", "encoder.dim=32", "training.steps=2"]
    base = ["task=pretraining", "evaluation=quick", "tracking=none"]
    from vitrina.experiment import run

    metrics = run(compose_config([*base, *given]), tmp_path / "run")
    assert metrics["test"]["clean"]["masked_loss"] > 0
    notes = json.loads((tmp_path / "run" / "record.json").read_text())["notes"]
    assert "train: 48 texts" in notes


def test_labels_stratify_the_splits_as_in_classification(tmp_path: Path) -> None:
    data = tmp_path / "comments.jsonl"
    lines = [{"text": f"{'абвгд'[n % 5]} {'xyzw' * (n % 7)}{n}", "toxic": n % 3} for n in range(90)]
    data.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = []
    for task in ("classification", "pretraining"):
        config = compose_config([f"task={task}", "dataset=jsonl", f"dataset.train={data}"])
        dataset = load_dataset(config.dataset, config.seed, config.task.label_rules())
        splits = (dataset.train, dataset.val, dataset.test)
        found.append([split.texts.to_strings() for split in splits])
        assert dataset.label_names == ([] if task == "pretraining" else ["0", "1", "2"])
    assert found[0] == found[1]
    odd = [{"text": "а"}, {"text": "б", "toxic": None}, {"text": "в", "toxic": [1, 2]}]
    lines = [{"text": "абвгд" * n, "toxic": 0.5 * n} for n in range(20)] + odd * 4
    data.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    config = compose_config(["task=pretraining", "dataset=jsonl", f"dataset.train={data}"])
    dataset = load_dataset(config.dataset, config.seed, config.task.label_rules())
    assert sum(map(len, (dataset.train, dataset.val, dataset.test))) == 32


WRONG = {
    "model=ttr": "embedder.kind = 'wordpiece': must be one that draws texts",
    "encoder=mean": "encoder.kind = 'mean': must be one with a state for each token or stride",
    "task.masked_weight=0": "task.masked_weight = 0.0: must be above 0 with ocr=none",
    "task.masked_weight=-1": "task.masked_weight = -1.0: must be at least 0",
    "task.masked_share=1": "task.masked_share = 1.0: must be above 0 and below 1",
    "task.masked_span=0.5": "task.masked_span = 0.5: must be at least 1",
    "evaluation=full": "evaluation.kind = 'full': must be levels with task=pretraining",
    "evaluation=attack": "evaluation.kind = 'attack': must be levels with task=pretraining",
    "dataset.pairs=a": "dataset.pairs = 'a': must be null with task=pretraining",
}


@pytest.mark.parametrize("override", WRONG)
def test_incompatible_settings_are_refused_in_one_line(override: str) -> None:
    with pytest.raises(InputError) as error:
        compose_config(["task=pretraining", override])
    assert str(error.value).startswith(WRONG[override]) and "\n" not in str(error.value)


def test_a_split_without_texts_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "few.jsonl"
    data.write_text('{"text": "а"}\n{"text": "б"}\n', encoding="utf-8")
    config = compose_config(["task=pretraining", "dataset=jsonl", f"dataset.train={data}"])
    with pytest.raises(InputError, match=r"dataset=jsonl: the val split has no rows"):
        load_dataset(config.dataset, config.seed, config.task.label_rules())
