"""`evaluation=attack` in a run: metrics, example files, training on the examples."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.evaluation.attacks.attacked import settings
from vitrina.config import compose_config
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.errors import InputError
from vitrina.evaluation.attacks.edits import Edit, apply_edits
from vitrina.evaluation.attacks.legibility import visual_distance
from vitrina.evaluation.attacks.measure import sample_texts
from vitrina.evaluation.evaluators import EvaluationTarget, measure
from vitrina.evaluation.ngram_baseline import fit_ngrams
from vitrina.evaluation.tables import attack_table
from vitrina.experiment import run
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.text.batch import TextBatch
from vitrina.text.words import find_words

SMALL_ATTACK = [
    "evaluation=attack",
    "evaluation.bootstrap=0",
    "evaluation.labels=all",
    "evaluation.texts=40",
    "evaluation.max_edits=3",
    "evaluation.candidates=8",
    "evaluation.population=4",
    "evaluation.generations=2",
]
FEW = ["dataset.num_comments=400", "tracking=none", *SMALL_ATTACK]
TINY = ["encoder.dim=32", "training.epochs=1", "dataset.limit_val=30"]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class Measured:
    """An attack on the n-gram baseline trained on the demo corpus."""

    folder: Path
    dataset: Dataset
    predict: Callable[[TextBatch], np.ndarray]
    metrics: dict[str, Any]
    progress: list[str]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    folder = tmp_path_factory.mktemp("measured")
    config = compose_config(FEW)
    dataset = load_dataset(config.dataset, 1)
    predict = fit_ngrams(dataset.train.texts, dataset.train.labels)
    target = EvaluationTarget(predict, ClassMetrics(dataset.label_names, None), dataset.test)
    progress: list[str] = []
    metrics = measure(config.evaluation, target, folder, progress.append)
    assert set(metrics) == {"attack"}
    return Measured(folder, dataset, predict, metrics["attack"], progress)


def check_structure(metrics: dict[str, Any]) -> None:
    assert metrics["budgets"] == [0, 1, 2, 3]
    assert 0 < metrics["num_right"] <= metrics["num_texts"] == 40 and metrics["num_other"] == 0
    assert set(metrics["searches"]) == {"greedy", "evolution"}
    for found in metrics["searches"].values():
        assert {len(column) for column in found.values()} == {4}
        for (low, high), rate in zip(found["intervals"], found["success_rate"], strict=True):
            assert low <= rate <= high
        for name in ("success_rate", "mean_queries"):
            assert found[name] == sorted(found[name])


def test_run_saves_attack_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    metrics = run(compose_config([*FEW, *TINY]), folder)
    written = json.loads((folder / "metrics.json").read_text())
    assert written["attack"] == metrics["attack"] and set(written["test"]) == {"clean"}
    check_structure(metrics["attack"])
    assert all((folder / name).is_file() for name in metrics["attack"]["examples"].values())
    output = capsys.readouterr().out
    assert "attack greedy: 3 of 3 edits" in output and "Attacks (synthetic demo corpus)" in output


def test_examples_change_prediction_and_are_legible(measured: Measured) -> None:
    metrics = measured.metrics
    check_structure(metrics)
    assert len(measured.progress) == 1 + 2 * 3
    for search, name in metrics["examples"].items():
        examples = rows(measured.folder / name)
        rate = metrics["searches"][search]["success_rate"][-1]
        assert len(examples) == round(rate * metrics["num_right"]) > 2
        for row in examples:
            assert row["search"] == search and row["label"] == str(row["toxic"]) != row["predicted"]
            edits = [Edit(*edit) for edit in row["edits"]]
            assert 1 <= len(edits) <= 3 and apply_edits(row["clean"], edits) == row["text"]
            distance = max(distances_of_words(row["clean"], edits))
            assert distance == pytest.approx(row["distance"], abs=1e-6) and distance <= 0.2
            for edit in edits:
                if edit.kind == "substitution":
                    drawn = visual_distance(row["clean"][edit.start : edit.end], edit.written)
                    assert drawn <= 0.55
        for field, score in (("text", "score_after"), ("clean", "score_before")):
            scores = measured.predict(TextBatch.from_strings([row[field] for row in examples]))
            of_label = scores[np.arange(len(examples)), [int(row["label"]) for row in examples]]
            np.testing.assert_allclose(of_label, [row[score] for row in examples], atol=1e-6)


def distances_of_words(clean: str, edits: list[Edit]) -> list[float]:
    words = find_words(TextBatch.from_strings([clean]))
    found = []
    for start, end in zip(words.starts.tolist(), words.ends.tolist(), strict=True):
        within = [
            Edit(edit.start - start, edit.end - start, edit.written)
            for edit in edits
            if start <= edit.start and edit.end <= end
        ]
        original = clean[start:end]
        found.append(visual_distance(original, apply_edits(original, within)))
    return found


def test_examples_can_be_trained_on(measured: Measured, tmp_path: Path) -> None:
    data = {name: tmp_path / f"{name}.jsonl" for name in ("train", "val", "test")}
    for name, path in data.items():
        lines = [json.dumps(row) + "\n" for row in getattr(measured.dataset, name).rows]
        path.write_text("".join(lines), encoding="utf-8")
    examples = [measured.folder / name for name in measured.metrics["examples"].values()]
    with data["train"].open("a", encoding="utf-8") as file:
        file.writelines(path.read_text(encoding="utf-8") for path in examples)
    files = [f"dataset.{name}={path}" for name, path in data.items()]
    config = compose_config(["dataset=jsonl", *files, "tracking=none", "evaluation=quick", *TINY])
    dataset = load_dataset(config.dataset, 1)
    added = [row for path in examples for row in rows(path)]
    # Loading keeps texts and labels.
    assert list(dataset.train.texts)[-len(added) :] == [row["text"] for row in added]
    assert [str(label) for label in dataset.train.labels[-len(added) :]] == [
        row["label"] for row in added
    ]
    metrics = run(config, tmp_path / "run")
    assert 0 <= metrics["test"]["clean"]["accuracy"] <= 1


def test_table_fits_terminal(measured: Measured) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(attack_table(measured.metrics, synthetic=True))
    lines = console.export_text().splitlines()
    assert [line.split()[0] for line in lines if line.split()[1:2] == ["0"]] == [
        "greedy",
        "evolution",
    ]
    assert not any("…" in line for line in lines)


def test_sample_keeps_class_frequencies() -> None:
    attacked = np.arange(4000) % 4 == 0
    sample = sample_texts(attacked, 300, 1)
    assert attacked[sample].sum() == 300 and (np.diff(sample) > 0).all()
    assert 1050 < len(sample) < 1350
    assert len(sample_texts(attacked, 5000, 1)) == 4000
    fewer = sample_texts(attacked, 100, 1)
    assert set(fewer.tolist()) < set(sample.tolist())
    assert len(sample_texts(np.zeros(0, dtype=bool), 5, 1)) == 0


def test_unsupported_tasks_are_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^task\.kind = 'multilabel': must be classification"):
        compose_config(["evaluation=attack", "task=multilabel"])
    lines = [
        json.dumps({"text": f"слово {kind} {'абвгдежзик'[n]}", "kind": kind})
        for kind in ("рыба", "птица", "зверь")
        for n in range(10)
    ]
    data = tmp_path / "animals.jsonl"
    data.write_text("\n".join(lines), encoding="utf-8")
    given = ["dataset=jsonl", f"dataset.train={data}", "dataset.label_field=kind"]
    config = compose_config([*given, "evaluation=attack", "tracking=none"])
    with pytest.raises(
        InputError, match=r"^evaluation\.labels = 'positive': must be all, because with 3"
    ):
        run(config, tmp_path / "run")
    assert not list((tmp_path / "run").glob("checkpoints/*"))


def test_option_has_attack_settings() -> None:
    config = compose_config(["evaluation=attack"]).evaluation
    assert (config.texts, config.labels, config.max_edits) == (500, "positive", 5)
    assert set(config.invisible) == set("\u200b\u200c\u200d\u2060\u00ad")
    for name in vars(settings()):
        assert hasattr(config, name)
    with pytest.raises(InputError, match=r"^evaluation\.max_edits = 11: must be from 1 to 10"):
        compose_config(["evaluation=attack", "evaluation.max_edits=11"])
