"""A trained model's reading as the input of a text model."""

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


def test_a_text_model_is_trained_and_used_behind_a_reader(reads: Path, tmp_path: Path) -> None:
    reader, folder = tmp_path / "reader", tmp_path / "run"
    shutil.copytree(reads, reader)
    vocabulary = "embedder.vocabulary_size=300"
    small_run(folder, *FEW, vocabulary, "normalizer=recognizer", f"normalizer.run={reader}")
    record = json.loads((folder / "record.json").read_text())
    assert len(record["hashes"]["normalizer.run"]) == 64
    model = vitrina.load(folder)
    scored = (folder / "predictions" / "level_4.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in scored]
    again = [prediction.score for prediction in model.predict([r["scored_text"] for r in rows])]
    np.testing.assert_allclose(again, [row["score"] for row in rows], atol=2e-6)

    weights = reader / "checkpoints" / "best.safetensors"
    weights.write_bytes((reader / "checkpoints" / "last.safetensors").read_bytes())
    with pytest.raises(InputError, match="not those that this run was trained with"):
        vitrina.load(folder)
    shutil.rmtree(reader)
    with pytest.raises(
        InputError, match=r"normalizer\.run = .*must be the folder of a run"
    ) as told:
        vitrina.load(folder)
    assert "\n" not in str(told.value)


def test_it_gives_what_the_model_reads_with_the_way_back(reads: Path) -> None:
    settings = RecognizerNormalizerConfig(kind="recognizer", run=str(reads))
    normalizer = build_normalizer(settings, recognizer_opener("cpu"))
    texts = ["ты }|{0па", "", "\u200bпривет"]
    assert normalizer(TextBatch.from_strings(texts)).to_strings() == vitrina.load(reads).recognize(
        texts
    )
    for text in texts:
        read, offsets = normalizer.with_offsets(text)
        assert len(offsets) == len(read) and offsets.length == len(text)
        assert read == normalizer(TextBatch.from_strings([text]))[0]


def test_what_is_no_reader_is_refused_before_anything_starts(trained: Path, tmp_path: Path) -> None:
    for run, reason in ((tmp_path, "is this the folder of a run"), (trained, "does not recognize")):
        given = ["normalizer=recognizer", f"normalizer.run={run}"]
        with pytest.raises(InputError, match=rf"normalizer\.run = .*{reason}") as told:
            small_run(tmp_path / "run", *given)
        assert "\n" not in str(told.value)
    with pytest.raises(InputError, match=r"normalizer\.run = None: must be the folder of a run"):
        compose_config(["normalizer=recognizer"])
