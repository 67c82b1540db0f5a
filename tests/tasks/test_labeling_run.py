"""Labeling runs: train, resume, predict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vitrina
from tests.conftest import SMALL, small_run, training_that_dies
from tools.ngram_rival import main as rival
from tools.predict import main as predict
from vitrina.config import compose_config
from vitrina.experiment import run
from vitrina.inference.load import TrainedModel

FEW = (
    "dataset.num_comments=120",
    "dataset.limit_test=20",
    "dataset.limit_val=12",
    "evaluation.suites=[clean,level_4]",
)
MODELS = {
    "vtr": [
        "training.steps=2",
        "training.batch_size=16",
        "embedder.channels=[4,8]",
        "embedder.dim=32",
    ],
    "ttr": ["embedder.vocabulary_size=200"],
    "vtr_glyphs_plain": ["encoder=cnn_words", "normalizer=confusables"],
    "vtr_glyphs": ["encoder=cnn_words", "deobfuscator.min_share=0.001"],
}
ODD = ["", "\u200b", "Ты <b>ска\u00adтина</b>, &laquo;друг&raquo;!", "\ud800 а", "о" * 5000]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def label_words(folder: Path, *overrides: str) -> dict[str, Any]:
    return small_run(folder, "task=labeling", *FEW, "encoder.dim=32", *overrides)


@pytest.fixture(scope="module", params=MODELS)
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labeling") / "run"
    label_words(folder, f"model={request.param}", *MODELS[request.param])
    return folder


def test_a_loaded_run_predicts_the_saved_predictions(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())["test"]
    assert {"f1", "span_f1", "roc_auc", "precision", "recall"} <= set(metrics["level_4"])
    assert len({suite["count"] for suite in metrics.values()}) == 1
    assert set(metrics["level_4"]["relative"]) >= {"f1", "roc_auc"}
    model = vitrina.load(finished)
    for suite in ("clean", "level_4"):
        written = rows(finished / "predictions" / f"{suite}.jsonl")
        predicted = model.predict([row["scored_text"] for row in written])
        for row, prediction in zip(written, predicted, strict=True):
            assert prediction.words is not None
            where = [(word.start, word.end, word.label) for word in prediction.words]
            assert where == [(w["start"], w["end"], w["label"]) for w in row["words"]]
            scores: Any = [word.score for word in prediction.words]
            np.testing.assert_allclose(scores, [w["score"] for w in row["words"]], atol=0.02)
            assert all(w["word"] == row["scored_text"][w["start"] : w["end"]] for w in row["words"])


def test_word_spans_refer_to_the_given_text(finished: Path) -> None:
    model: TrainedModel = vitrina.load(finished)
    together: Any = model.predict(ODD)
    for text, prediction in zip(ODD, together, strict=True):
        assert prediction.words is not None
        assert all(text[word.start : word.end] == word.word for word in prediction.words)
        alone: Any = model.predict([text])[0]
        assert alone.score == pytest.approx(prediction.score, abs=0.02)
    words = [word.word for word in together[2].words]
    assert words[:1] == ["Ты"] and words[-2:] == ["друг", "&raquo;!"]
    assert together[0].words == () and together[0].score == 0.0 and together[0].label == "0"
    assert len(together[4].words[0].word) == 1000  # truncated like the training texts
    np.testing.assert_allclose(
        model.probabilities(ODD)[:, 1], [p.score for p in together], atol=1e-5
    )


def test_the_predict_tool_writes_the_words(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict([str(finished), "--text", "ты &lt;дурак&gt;"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert [row["text"][w["start"] : w["end"]] for w in row["words"]] == [
        w["word"] for w in row["words"]
    ]
    shares = {"unread", "unsupported", "review"}
    assert set(row) == {"text", "score", "label", "words"} | shares


def test_a_resumed_run_ends_with_the_same_scores(tmp_path: Path) -> None:
    given = ("model=ttr", "embedder.vocabulary_size=200", "training.validate_every=0.5")
    whole = label_words(tmp_path / "whole", *given, "training.steps=4")
    assert whole["train"]["steps"] == 4
    with training_that_dies(2):
        label_words(tmp_path / "died", *given, "training.steps=4")
    again = label_words(tmp_path / "died", *given, "training.steps=4", "resume=true")
    for suite in ("clean", "level_4"):
        for name in ("f1", "roc_auc", "span_f1", "average_precision"):
            np.testing.assert_equal(again["test"][suite][name], whole["test"][suite][name])


def test_words_of_several_labels_from_a_file(tmp_path: Path) -> None:
    kinds = {"щука": "fish", "окунь": "fish", "сокол": "bird", "утка": "bird"}
    lines = [
        {"text": f"вот {word} номер {'абвгдежзик'[i]}, смотри", "spans": [[4, 4 + len(word), kind]]}
        for word, kind in kinds.items()
        for i in range(10)
    ]
    data = tmp_path / "animals.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    split = ["dataset.val_fraction=0.3", "dataset.test_fraction=0.3"]
    given = ["task=labeling", "model=ttr", "dataset=jsonl", f"dataset.train={data}", *split]
    small = ["encoder.dim=32", "embedder.vocabulary_size=100"]
    metrics = run(compose_config([*given, *small, *SMALL[1:]]), tmp_path / "run")
    assert 0 <= metrics["test"]["clean"]["macro_f1"] <= 1
    word = rows(tmp_path / "run" / "predictions" / "clean.jsonl")[0]["words"][0]
    assert set(word["score"]) == {"0", "bird", "fish"}
    assert sum(word["score"].values()) == pytest.approx(1, abs=1e-4)


def test_the_baseline_refuses_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert rival(["task=labeling", "encoder=cnn_words"]) == 2
    message = "task.kind = 'labeling': must be classification or multilabel for this baseline"
    assert capsys.readouterr().err == f"error: {message}\n"
