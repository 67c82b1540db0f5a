"""Runs that combine training options with models and tasks; loaded runs give the saved scores."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vitrina
from tests.conftest import small_run

VIEWS = ["training.consistency=0.5", "training.max_tokens=2000"]
DISTORTED = ["embedder.augment=0.3", "embedder.augment_marks=0.2", "embedder.augment_erased=0.1"]
FEW = ["dataset.num_comments=150", "dataset.limit_test=20", "dataset.limit_val=20"]
NARROW = ["encoder.dim=32", "training.batch_size=16"]
RUNS = {
    "glyphs": [*VIEWS, *DISTORTED, "training.consistency_from=noisy"],
    "characters": ["model=characters", *VIEWS, "noise=families"],
    "multilabel": ["task=multilabel", *VIEWS, *DISTORTED],
    "words": ["task=labeling", "encoder=cnn_words", *DISTORTED],
}


@pytest.mark.parametrize("name", RUNS)
def test_training_options_compose(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    metrics = small_run(folder, *RUNS[name], *FEW, *NARROW)
    assert metrics["train"]["steps"] >= 1
    if name in ("multilabel", "words"):
        return
    model = vitrina.load(folder)
    lines = (folder / "predictions" / "level_4.jsonl").read_text(encoding="utf-8").splitlines()
    written = [json.loads(line) for line in lines]
    again: Any = [each.score for each in model.predict([row["scored_text"] for row in written])]
    np.testing.assert_allclose(again, [row["score"] for row in written], atol=2e-6)
