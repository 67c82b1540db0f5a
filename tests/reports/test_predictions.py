"""Reading and counting the predictions of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reports.made_up_runs import write_run
from vitrina.errors import InputError
from vitrina.reports.predictions import (
    calibration,
    confusion,
    label_counts,
    ladder,
    read_predictions,
    suites_of,
)
from vitrina.reports.runs import Run, read_runs


def run_with_predictions(folder: Path, suites: dict[str, list[dict[str, Any]]], **more: Any) -> Run:
    write_run(folder, "vtr", 1, 0.8, **more)
    (folder / "predictions").mkdir()
    for name, rows in suites.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "predictions" / f"{name}.jsonl").write_text(lines, "utf-8")
    (run,) = read_runs(folder)
    return run


def row(text: str, true: int, score: float, **more: Any) -> dict[str, Any]:
    predicted = "1" if score > 0.5 else "0"
    return {
        "text": text,
        "toxic": true,
        "scored_text": text,
        "score": score,
        "label": predicted,
    } | more


def test_predictions_of_two_classes(tmp_path: Path) -> None:
    rows = [row("а", 1, 0.9), row("б", 1, 0.1), row("в", 0, 0.7), row("г", 0, 0.2)]
    run = run_with_predictions(tmp_path / "run", {"clean": rows, "level_1": rows})
    assert suites_of(run) == ["clean", "level_1"]
    found = read_predictions(run, "clean")
    assert confusion(found).tolist() == [[1, 1], [1, 1]]
    assert found.wrong.tolist() == [1, 2]
    probability, true = found.calibration_pairs
    assert probability.tolist() == [0.9, 0.1, 0.7, 0.2] and true.tolist() == [1, 1, 0, 0]
    assert found.label_text(found.truth[0]) == "1"


def test_positive_class_may_be_first(tmp_path: Path) -> None:
    task = {"kind": "classification", "positive": "0"}
    rows = [row("а", 1, 0.9, label="0")]
    run = run_with_predictions(tmp_path / "run", {"clean": rows}, task=task)
    found = read_predictions(run, "clean")
    assert found.probabilities[0].tolist() == pytest.approx([0.9, 0.1])
    assert found.wrong.tolist() == [0] and found.calibration_pairs[1].tolist() == [False]


def test_label_sets_and_renamed_field(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"scored_text": "а", "label": ["1"], "original_label": ["0", "1"]},
        {"scored_text": "б", "label": [], "original_label": []},
    ]
    rows[0]["score"], rows[1]["score"] = {"0": 0.3, "1": 0.8}, {"0": 0.1, "1": 0.2}
    task = {"kind": "multilabel", "separator": None}
    dataset = {"kind": "jsonl", "label_field": "label", "text_field": "text"}
    run = run_with_predictions(tmp_path / "run", {"clean": rows}, task=task, dataset=dataset)
    found = read_predictions(run, "clean")
    assert label_counts(found).tolist() == [[0, 0, 1, 1], [1, 0, 0, 1]]
    assert found.wrong.tolist() == [0] and len(found.calibration_pairs[0]) == 4
    assert found.label_text(found.predicted[1]) == "none"


def test_unreadable_predictions_are_refused(tmp_path: Path) -> None:
    run = run_with_predictions(
        tmp_path / "a", {"clean": [{"scored_text": "а", "score": 1, "label": "1"}]}
    )
    with pytest.raises(InputError, match="cannot read true labels"):
        read_predictions(run, "clean")
    words = run_with_predictions(tmp_path / "b", {"clean": []}, task={"kind": "labeling"})
    with pytest.raises(InputError, match="labels of words"):
        read_predictions(words, "clean")
    (words.folder / "predictions" / "clean.jsonl").write_text("{", "utf-8")
    with pytest.raises(InputError, match=r"clean.jsonl: cannot be read"):
        ladder(words, ["clean"])


def slow_ece(probability: np.ndarray, true: np.ndarray, bins: int) -> float:
    pairs = sorted(zip(probability.tolist(), true.tolist(), strict=True))
    size, total = len(pairs) // bins, 0.0
    for number in range(bins):
        part = pairs[number * size : (number + 1) * size]
        mean = sum(p for p, _ in part) / size
        share = sum(t for _, t in part) / size
        total += abs(mean - share) * size
    return total / len(pairs)


def test_calibration_matches_definition() -> None:
    random = np.random.default_rng(1)
    probability = random.random(150)
    true = random.random(150) < probability**2
    found = calibration(probability, true)
    assert found.sizes.tolist() == [10] * 15
    assert found.ece == pytest.approx(slow_ece(probability, true, 15))
    assert found.brier == pytest.approx(np.mean((probability - true) ** 2))
    perfect = calibration(np.array([0.0, 1.0]), np.array([False, True]))
    assert (perfect.ece, perfect.brier, len(perfect.sizes)) == (0.0, 0.0, 2)


def test_ladder_is_same_text_in_all_suites(tmp_path: Path) -> None:
    texts = ["спокойный текст", "шумный и грубый текст"]
    clean = [row(text, 1, 0.9) for text in texts]
    noisy = [clean[0], {**clean[1], "scored_text": "шyмный и rpубый текст", "score": 0.4}]
    other = [row("другой файл", 1, 0.9)]
    suites = {"clean": clean, "level_1": noisy, "diacritics": other}
    run = run_with_predictions(tmp_path / "run", suites)
    found = ladder(run, suites_of(run))
    assert [step[:2] for step in found] == [
        ("clean", texts[1]),
        ("level_1", "шyмный и rpубый текст"),
    ]
    assert found[1][2] == "predicted: 1 (score 0.400)"
