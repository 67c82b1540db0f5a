"""Tests of the output of a CTC head as the input of a text model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import vitrina
from tests.conftest import small_run
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.inference.load import recognizer_opener
from vitrina.normalizers.build import build_normalizer
from vitrina.normalizers.config import RecognizerNormalizerConfig
from vitrina.text.batch import TextBatch

FEW = ("dataset.limit_test=20", "dataset.limit_val=20", "training.steps=2", "model=ttr")


def test_a_text_model_is_trained_and_used_behind_a_recognizer(reads: Path, tmp_path: Path) -> None:
    recognizer, folder = tmp_path / "recognizer", tmp_path / "run"
    shutil.copytree(reads, recognizer)
    vocabulary = "embedder.vocabulary_size=300"
    small_run(folder, *FEW, vocabulary, "normalizer=recognizer", f"normalizer.run={recognizer}")
    record = json.loads((folder / "record.json").read_text())
    assert len(record["hashes"]["normalizer.run"]) == 64
    model = vitrina.load(folder)
    lines = (folder / "predictions" / "level_4.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    again = [prediction.score for prediction in model.predict([r["scored_text"] for r in rows])]
    np.testing.assert_allclose(again, [row["score"] for row in rows], atol=2e-6)

    weights = recognizer / "checkpoints" / "best.safetensors"
    weights.write_bytes((recognizer / "checkpoints" / "last.safetensors").read_bytes())
    with pytest.raises(InputError, match="must have the weights that this run was trained with"):
        vitrina.load(folder)
    shutil.rmtree(recognizer)
    with pytest.raises(
        InputError, match=r"normalizer\.run = .*must be the folder of a run"
    ) as error:
        vitrina.load(folder)
    assert "\n" not in str(error.value)


def test_result_equals_the_model_and_has_offsets(reads: Path) -> None:
    settings = RecognizerNormalizerConfig(kind="recognizer", run=str(reads))
    normalizer = build_normalizer(settings, recognizer_opener("cpu"))
    texts = ["ты }|{0па", "", "\u200bпривет"]
    assert normalizer(TextBatch.from_strings(texts)).to_strings() == vitrina.load(reads).recognize(
        texts
    )
    for text in texts:
        result, offsets = normalizer.with_offsets(text)
        assert len(offsets) == len(result) and offsets.length == len(text)
        assert result == normalizer(TextBatch.from_strings([text]))[0]


def test_a_run_without_a_ctc_head_is_refused_at_start(trained: Path, tmp_path: Path) -> None:
    for run, reason in ((tmp_path, "is this the folder of a run"), (trained, "does not recognize")):
        overrides = ["normalizer=recognizer", f"normalizer.run={run}"]
        with pytest.raises(InputError, match=rf"normalizer\.run = .*{reason}") as error:
            small_run(tmp_path / "run", *overrides)
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match=r"normalizer\.run = None: must be the folder of a run"):
        compose_config(["normalizer=recognizer"])
