"""A run with a CTC head, and its use."""

import json
from pathlib import Path

import pytest

import vitrina
from tests.conftest import small_run
from vitrina.errors import InputError
from vitrina.tasks.ocr.error_rate import character_error_rate
from vitrina.text.batch import TextBatch


def test_a_run_measures_recognition(reads: Path) -> None:
    metrics = json.loads((reads / "metrics.json").read_text())
    assert 0 <= metrics["train"]["infeasible"] < 0.01
    for suite in ("clean", "level_1", "level_4"):
        assert 0 < metrics["test"][suite]["cer"] < 1
        assert metrics["test"][suite]["infeasible"] < 0.01
    assert {"clean_cer", "noisy_cer"} <= set(metrics["val"])
    history = [json.loads(line) for line in (reads / "history.jsonl").read_text().splitlines()]
    rows = [row for row in history if "loss" in row]
    assert all(0 < row["reading_loss"] < row["loss"] for row in rows)
    assert all(0 <= row["infeasible"] < 0.02 for row in rows)


def test_a_loaded_run_has_the_same_error_rate(reads: Path) -> None:
    metrics = json.loads((reads / "metrics.json").read_text())
    for suite in ("clean", "level_4"):
        path = reads / "predictions" / f"{suite}.jsonl"
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        read = vitrina.load(reads).recognize([row["scored_text"] for row in rows])
        rate = character_error_rate(read, [row["text"] for row in rows])
        assert rate == pytest.approx(metrics["test"][suite]["cer"], abs=0.01)


def test_a_run_recognizes_word_pieces(tmp_path: Path) -> None:
    few = ["dataset.limit_test=20", "dataset.limit_val=20", "encoder.dim=32"]
    pieces = ["ocr=ctc", "ocr.units=pieces", "ocr.vocabulary_size=200", "ocr.min_count=2"]
    metrics = small_run(tmp_path / "run", *few, *pieces, "ocr.weight=1", "ocr.dim=64")
    model = vitrina.load(tmp_path / "run")
    path = tmp_path / "run" / "predictions" / "clean.jsonl"
    texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    symbols = model.recognizer.symbols
    readable = symbols.readable(TextBatch.from_strings(texts)).to_strings()
    assert symbols.num_symbols <= 202 and readable != texts  # case is lost
    rate = character_error_rate(model.recognize(texts), readable)
    assert rate == pytest.approx(metrics["test"]["clean"]["cer"], abs=0.01)
    assert metrics["test"]["clean"]["infeasible"] == 0
    for text in texts:
        read, offsets = model.recognizer.with_offsets(text)
        assert len(read) == len(offsets.starts) == len(offsets.ends)


def test_a_run_without_a_ctc_head_does_not_recognize(trained: Path) -> None:
    model = vitrina.load(trained)
    assert model.model.ctc_head is None
    with pytest.raises(
        InputError, match="this model does not recognize text; train one with ocr=ctc"
    ):
        model.recognize(["а"])
