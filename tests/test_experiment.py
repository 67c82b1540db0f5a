"""An experiment trains and saves a model, which has the same scores after loading."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vitrina
from tests.conftest import PLAIN, SMALL, small_run
from vitrina.config import FORMAT, compose_config
from vitrina.errors import InputError
from vitrina.evaluation.report import plain
from vitrina.experiment import run
from vitrina.tasks.config import METRICS

PRESETS = {
    "vtr_glyphs": [],
    "vtr_glyphs_plain": [],
    "vtr": ["training.steps=2", "dataset.limit_test=20", "dataset.limit_val=20"],
    "ttr": ["embedder.vocabulary_size=300"],
    "characters": [],
    "bytes": ["training.steps=2"],
    "ngrams": [],
    "vtr_reference": [
        "training.steps=1",
        "training.batch_size=4",
        "dataset.limit_test=6",
        "dataset.limit_val=6",
        "dataset.num_comments=100",
    ],
}


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def scores_only(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the test scores without speeds."""
    return {
        name: {key: value for key, value in suite.items() if key != "comments_per_second"}
        for name, suite in plain(metrics["test"]).items()
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_a_loaded_run_gives_the_scores_of_the_run(preset: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    metrics = small_run(folder, f"model={preset}", *PRESETS[preset])
    assert plain(metrics) == json.loads((folder / "metrics.json").read_text())
    assert metrics["train"]["steps"] >= 1 and metrics["train"]["seconds"] > 0
    assert set(metrics["test"]) == {"clean", "level_1", "level_2", "level_3", "level_4"}
    assert set(METRICS) <= set(metrics["test"]["level_4"])
    model = vitrina.load(folder)
    for suite in ("clean", "level_4"):
        written = rows(folder / "predictions" / f"{suite}.jsonl")
        predicted = model.predict([row["scored_text"] for row in written])
        again = [prediction.score for prediction in predicted]
        np.testing.assert_allclose(again, [row["score"] for row in written], atol=2e-6)
        right = [p.label == str(row["toxic"]) for p, row in zip(predicted, written, strict=True)]
        assert np.mean(right) == pytest.approx(metrics["test"][suite]["accuracy"])


def test_the_folder_contains_all_files(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    files = {"config.yaml", "record.json", "metrics.json", "history.jsonl", "levels.png"}
    assert files | {"state.safetensors", "review.json", "predictions", "checkpoints"} <= names
    assert {path.name for path in (trained / "checkpoints").iterdir()} == {
        "best.safetensors",
        "last.safetensors",
    }
    record = json.loads((trained / "record.json").read_text())
    assert record["synthetic"] and record["format"] == FORMAT
    assert {"train", "test", "DejaVuSans.ttf"} <= set(record["hashes"])
    assert {"vitrina", "python", "torch"} <= set(record["versions"])
    history = rows(trained / "history.jsonl")
    assert any("loss" in row for row in history) and any("val" in row for row in history)
    assert not list(trained.glob("**/*.tmp"))


def test_review_is_measured_for_each_suite(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["review_thresholds"] == json.loads((trained / "review.json").read_text())
    assert list(metrics["review"]) == list(metrics["test"])
    for name, found in metrics["review"].items():
        assert 0 <= found["share"] <= 1 and 0 <= found["benign"] <= 1
        assert found["recall"] == pytest.approx(metrics["test"][name]["recall"])
        assert found["recall_or_review"] >= found["recall"]


def test_a_threshold_for_a_rate_of_false_alarms(tmp_path: Path) -> None:
    metrics = small_run(tmp_path, "task.false_alarms=0.1", "evaluation.innocent_texts=0")
    (threshold,) = metrics["thresholds"].values()
    assert 0 < threshold <= 1
    model = vitrina.load(tmp_path)
    for row in rows(tmp_path / "predictions" / "clean.jsonl"):
        assert row["label"] == str(int(row["score"] >= round(threshold, 6)))
    assert model.predict(["дом"])[0].label in ("0", "1")


def test_scores_depend_on_the_seed_only(trained: Path, tmp_path: Path) -> None:
    first = json.loads((trained / "metrics.json").read_text())
    again = small_run(tmp_path / "again")
    assert scores_only(again) == scores_only(first)
    other = small_run(tmp_path / "other", "seed=2")
    assert scores_only(other) != scores_only(first)
    # The noisy test texts do not depend on the seed.
    texts = [
        [row["scored_text"] for row in rows(folder / "predictions" / "level_3.jsonl")]
        for folder in (trained, tmp_path / "other")
    ]
    assert texts[0] == texts[1]


def test_a_finished_run_is_never_overwritten(trained: Path) -> None:
    before = (trained / "metrics.json").read_bytes()
    with pytest.raises(InputError, match="contains a run already; resume=true resumes it"):
        small_run(trained)
    with pytest.raises(InputError, match="contains a run with other settings"):
        small_run(trained, "seed=7", "resume=true")
    assert (trained / "metrics.json").read_bytes() == before


def test_resuming_a_finished_run_gives_its_metrics(trained: Path) -> None:
    finished = json.loads((trained / "metrics.json").read_text())
    assert small_run(trained, "resume=true") == finished


def test_more_than_two_classes(tmp_path: Path) -> None:
    words = {"рыба": "карась щука окунь", "птица": "сокол ворона утка", "зверь": "волк лиса лось"}
    lines = [
        json.dumps({"body": f"вот {word} номер {number}", "animal": name, "id": number})
        for name, members in words.items()
        for word in members.split()
        for number in range(12)
    ]
    data = tmp_path / "animals.jsonl"
    data.write_text("\n".join(lines), encoding="utf-8")
    fields = ["dataset.text_field=body", "dataset.label_field=animal"]
    overrides = [
        "dataset=jsonl",
        f"dataset.train={data}",
        *fields,
        "noise=uniform",
        PLAIN,
        *SMALL[1:],
    ]
    split = ["dataset.val_fraction=0.3", "dataset.test_fraction=0.3"]
    with pytest.raises(InputError, match=r"task\.false_alarms = 0\.1: must be null with 3 classes"):
        run(compose_config([*overrides, *split, "task.false_alarms=0.1"]), tmp_path / "refused")
    metrics = run(compose_config([*overrides, *split]), tmp_path / "run")
    assert set(metrics["review"]["clean"]) == {"share"}
    assert 0 <= metrics["test"]["clean"]["macro_f1"] <= 1
    row = rows(tmp_path / "run" / "predictions" / "clean.jsonl")[0]
    assert set(row["score"]) == set(words) and row["label"] in words
    assert sum(row["score"].values()) == pytest.approx(1, abs=1e-4) and "id" in row
    assert set(vitrina.load(tmp_path / "run").predict(["щука"])[0].probabilities) == set(words)


def test_bad_data_leaves_no_record(tmp_path: Path) -> None:
    data = tmp_path / "bad.jsonl"
    data.write_text('{"text": "а", "toxic": 0}\n{"text": "б"}\n', encoding="utf-8")
    config = compose_config(["dataset=jsonl", f"dataset.train={data}", "tracking=none"])
    with pytest.raises(InputError, match=r"bad\.jsonl:2: no field 'toxic'"):
        run(config, tmp_path / "run")
    assert not (tmp_path / "run" / "record.json").exists()
