from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.evaluate import Evaluation, evaluate
from vitrina.evaluation.report import (
    json_line,
    with_prediction,
    write_metrics,
    write_predictions,
)
from vitrina.evaluation.suites import Suite
from vitrina.evaluation.tables import labels_table, results_table
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.text.batch import TextBatch


def shown(table: Table, width: int = 80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def make_evaluation(names: list[str], *, num_classes: int = 2, bootstrap: int = 0) -> Evaluation:
    random = np.random.default_rng(1)
    config = EvaluationConfig(
        kind="levels",
        suites=["clean"],
        seed=1,
        uniform_p=0.3,
        diacritics_p=0.3,
        unseen=None,
        known_level=4,
        bootstrap=bootstrap,
        predictions=True,
        plot=True,
    )
    labels = random.integers(0, num_classes, 60)
    probabilities = random.dirichlet(np.ones(num_classes), 60)
    texts, rows = TextBatch.from_strings(["а"] * 60), [{"text": "а"}] * 60
    suites = [Suite(name, f"suite {name}", texts, labels, rows, {}) for name in names]  # type: ignore[arg-type]
    label_names = [str(index) for index in range(num_classes)]
    task_metrics = ClassMetrics(label_names, num_classes - 1)
    return evaluate(lambda _: probabilities, suites, task_metrics, config)


def test_fields_of_row_are_kept() -> None:
    row = {"text": "т", "label": 0, "original_label": 5, "score": 3}
    found = with_prediction(row, {"score": 0.5, "label": "1"})
    assert found["label"] == "1" and found["score"] == 0.5 and found["text"] == "т"
    assert sorted(map(str, found.values())) == sorted(["т", "0", "5", "3", "0.5", "1"])
    assert found["original_score"] == 3


def test_predictions_contain_row_and_scored_text(tmp_path: Path) -> None:
    rows: Any = [{"text": "clean\ud800", "toxic": 1, "id": 7}, {"text": "б", "toxic": 0, "id": 8}]
    texts = TextBatch.from_strings(["n0isy 😀\u2028", "б\ud800"])
    suite = Suite("level_1", "", texts, np.array([1, 0]), rows, {})
    path = write_predictions(
        tmp_path / "predictions",
        suite,
        np.array([[0.1, 0.9], [0.7, 0.3]]),
        ClassMetrics(["0", "1"], 1),
    )
    assert path == tmp_path / "predictions" / "level_1.jsonl"
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    first, second = (json.loads(line) for line in lines)
    assert first == {**rows[0], "scored_text": "n0isy 😀\u2028", "score": 0.9, "label": "1"}
    assert second == {**rows[1], "scored_text": "б\ud800", "score": 0.3, "label": "0"}
    assert [file.name for file in path.parent.iterdir()] == ["level_1.jsonl"]


def test_metrics_are_strict_json_written_atomically(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_metrics(
        path, {"test": {"f1": np.float64("nan"), "n": np.int64(3), "both": (1.5, np.inf)}}
    )
    strict = json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)
    assert strict == {"test": {"f1": None, "n": 3, "both": [1.5, None]}}
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_metrics(path, {"f1": object()})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.json"]


def test_json_line_is_readable() -> None:
    assert json_line({"text": "да"}) == '{"text": "да"}'
    assert json.loads(json_line({"text": "\ud800"})) == {"text": "\ud800"}


def test_table_shows_suites_scores_and_demo_corpus() -> None:
    evaluation = make_evaluation(["clean", "level_1", "file[x]"], bootstrap=100)
    text = shown(results_table(evaluation, synthetic=True))
    assert "synthetic demo corpus" in text
    for part in ("clean", "level_1", "file[x]", "published noise", "F1", "ROC-AUC", "60 texts"):
        assert part in text, part
    low, high = evaluation.suites["clean"].intervals["f1"]
    f1 = evaluation.suites["clean"].scores["f1"]
    assert f"{f1:.3f} [{low:.3f}–{high:.3f}]".replace("[0", "[").replace("–0", "–") in text
    assert "…" not in text and max(map(len, text.splitlines())) <= 80
    assert "synthetic" not in shown(results_table(evaluation, synthetic=False))
    assert "F1: class 1" in text


def test_undefined_scores_are_dashes() -> None:
    evaluation = make_evaluation(["clean"], num_classes=3)
    evaluation.suites["clean"].scores["roc_auc"] = float("nan")
    text = shown(results_table(evaluation, synthetic=False))
    assert "–" in text and "nan" not in text and "F1: mean over the classes" in text


def test_table_of_more_than_two_labels() -> None:
    evaluation = make_evaluation(["clean", "level_1"], num_classes=3)
    table = labels_table(evaluation)
    assert table is not None
    text = shown(table)
    assert "Labels (clean)" in text and max(map(len, text.splitlines())) <= 80
    suite = evaluation.suites["clean"]
    for name, scores in suite.labels.items():
        (row,) = (line.split() for line in text.splitlines() if line.split()[:1] == [name])
        assert row[1:4:2] == [str(scores["support"]), f"{scores['recall']:.3f}"]
    means = {line.split()[0]: line.split()[2:] for line in text.splitlines() if "average" in line}
    shared = ("precision", "recall", "f1")
    assert means["macro"][:3] == [f"{suite.scores[f'macro_{name}']:.3f}" for name in shared]
    assert means["micro"] == [*(f"{suite.scores['micro_f1']:.3f}" for _ in shared), "–", "–"]
    assert evaluation.metrics()["level_1"]["labels"] == evaluation.suites["level_1"].labels
    assert labels_table(make_evaluation(["clean"])) is None
