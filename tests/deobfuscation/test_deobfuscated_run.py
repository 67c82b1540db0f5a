"""Tests of models behind a deobfuscator: training, prediction and command lines."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import vitrina
from tests.conftest import small_run
from tools import deobfuscate, draw, evaluate, normalize
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.text.batch import TextBatch

NARROW = ("encoder.dim=32", "encoder.mlp_dim=32", "embedder.dim=32", "embedder.vocabulary_size=300")
SPACED = "ты д у р а к, да"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deobfuscated") / "run"
    small_run(folder, "model=ttr", "deobfuscator=words", *NARROW)
    return folder


def test_a_text_model_predicts_from_plain_letters(run: Path) -> None:
    model = vitrina.load(run)
    assert model.deobfuscate([SPACED, "привет"]) == ["ты дурак, да", "привет"]
    disguised, plain = model.probabilities([SPACED, "ты дурак, да"])
    np.testing.assert_array_equal(disguised, plain)
    assert model.pipeline(model.cleaned([SPACED])).to_strings() == ["ты дурак, да"]
    again = pickle.loads(pickle.dumps(model.pipeline))
    texts = TextBatch.from_strings([SPACED])
    assert again.prepare(texts).ids.tolist() == model.pipeline.prepare(texts).ids.tolist()


def test_labeled_words_are_spans_of_the_source(tmp_path: Path) -> None:
    small_run(
        tmp_path / "run", "model=ttr", "task=labeling", "deobfuscator=words", "encoder.num_layers=1"
    )
    (prediction,) = vitrina.load(tmp_path / "run").predict([SPACED])
    assert prediction.words is not None
    assert [word.word for word in prediction.words] == ["ты", "д у р а к", ",", "да"]


def test_a_file_is_deobfuscated(run: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"text": SPACED, "id": 7}) + "\n", encoding="utf-8")
    assert deobfuscate.main([str(run), f"--data={source}", f"--save-to={target}"]) == 0
    row = json.loads(target.read_text(encoding="utf-8"))
    assert row == {"original_text": SPACED, "id": 7, "text": "ты дурак, да"}


def test_texts_on_the_command_line_are_deobfuscated(
    run: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deobfuscate.main([str(run), SPACED]) == 0
    assert capsys.readouterr().out == "ты дурак, да\n"
    for arguments, message in [
        ([str(trained), "а"], "train one with deobfuscator=words"),
        ([str(run), "--data=a.jsonl"], "--save-to"),
    ]:
        assert deobfuscate.main(arguments) == 2
        assert message in capsys.readouterr().err


def test_letters_of_a_disguised_text_are_drawn(
    run: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "letters.png"
    assert draw.main([SPACED, f"--deobfuscate={run}", f"--save-to={target}"]) == 0
    assert capsys.readouterr().out == f"clean: {SPACED}\ndeobfuscated: ты дурак, да\n"
    assert Image.open(target).height > 24 * 3
    target.unlink()
    assert draw.main([SPACED, f"--deobfuscate={trained}", f"--save-to={target}"]) == 2
    assert "must be a run with deobfuscator=words" in capsys.readouterr().err
    assert not target.exists()


def test_a_deobfuscator_is_compared_with_normalizers(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(json.dumps({"text": SPACED, "plain": "ты дурак, да"}) + "\n", encoding="utf-8")
    files = [f"--data={pairs}", f"--noisy={pairs}", "--text-field=plain", "--noisy-field=text"]
    assert normalize.main([*files, "--normalizer=none", f"--deobfuscate={run}"]) == 0
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "%" in line]
    assert [[cell.strip() for cell in row[1:5]] for row in rows] == [
        ["none", "0.00%", "66.67%", "100.00%"],
        ["words (run)", "100.00%", "100.00%", "100.00%"],
    ]


def test_an_external_command_receives_plain_letters(run: Path, tmp_path: Path) -> None:
    program, data = tmp_path / "rude.py", tmp_path / "data.jsonl"
    program.write_text(
        "import json, sys\n"
        "for line in sys.stdin: print(0.9 if 'дурак' in json.loads(line) else 0.1)",
        encoding="utf-8",
    )
    rows: list[dict[str, Any]] = [
        {"text": f"ты {'д у р а к' if n % 2 else 'друг'}, {n}", "toxic": n % 2} for n in range(20)
    ]
    data.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    arguments = ["--command", f"python {program}", f"--data={data}", "evaluation.suites=[clean]"]
    for options, accuracy in (([], 0.5), ([f"--deobfuscate={run}"], 1.0)):
        target = tmp_path / f"scores_{len(options)}"
        assert evaluate.main([*arguments, *options, f"--save-to={target}"]) == 0
        metrics = json.loads((target / "metrics.json").read_text(encoding="utf-8"))
        assert metrics["test"]["clean"]["accuracy"] == accuracy


def test_an_embedder_of_codes_requires_a_deobfuscator() -> None:
    with pytest.raises(InputError, match="deobfuscator = 'none': must be one that gives"):
        compose_config(["embedder=glyph_ngrams", "model=vtr_glyphs", "deobfuscator=none"])
    config = compose_config(["model=vtr_glyphs", "deobfuscator=codes"])
    assert config.deobfuscator.kind == "codes"
    assert compose_config(["model=ttr"]).deobfuscator.kind == "none"


@pytest.mark.parametrize("model", ["vtr_glyphs", "ngrams"])
def test_a_run_with_a_dictionary_is_loaded_with_it(model: str, tmp_path: Path) -> None:
    small = ("embedder.num_buckets=1000", "deobfuscator=words", "dictionary=ru")
    small_run(tmp_path / "run", f"model={model}", *small, "evaluation.suites=[clean]")
    rows = (tmp_path / "run" / "predictions" / "clean.jsonl").read_text().splitlines()
    saved = [json.loads(row) for row in rows]
    loaded = vitrina.load(tmp_path / "run")
    found = loaded.predict([row["text"] for row in saved])
    assert [each.score for each in found] == pytest.approx(
        [row["score"] for row in saved], abs=1e-5
    )
    assert loaded.deobfuscate(["сабля"]) == ["сабля"]
