"""evaluation=full with a classifier of known weaknesses."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.conftest import small_run
from vitrina.config import compose_config
from vitrina.data.dataset import Split
from vitrina.data.rows import Rows
from vitrina.errors import InputError
from vitrina.evaluation.config import FullEvaluationConfig
from vitrina.evaluation.evaluators import EvaluationTarget
from vitrina.evaluation.robustness import measure_curves
from vitrina.evaluation.tables import curves_table
from vitrina.runs.record import read_json
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.text.batch import TextBatch

FEW = (
    "evaluation.strengths=[0.3,1]",
    "evaluation.noise_seeds=[1,2]",
    "evaluation.suites=[clean]",
    "evaluation.bootstrap=100",
)


def full(*overrides: str) -> FullEvaluationConfig:
    return compose_config(["evaluation=full", *FEW, *overrides]).evaluation


def knows_one_word(texts: TextBatch) -> np.ndarray:
    """Predict toxic for texts that contain the word in lower case."""
    toxic = np.array(["дурак" in text for text in texts.to_strings()], dtype=float)
    return np.stack([0.9 - 0.8 * toxic, 0.1 + 0.8 * toxic], axis=1)


def make_target(num_texts: int = 60) -> EvaluationTarget:
    strings = [f"{'дурак' if n % 2 else 'человек'} номер {n}" for n in range(num_texts)]
    texts = TextBatch.from_strings(strings)
    labels = np.arange(num_texts) % 2
    rows = Rows.from_dicts({"text": text} for text in strings)
    return EvaluationTarget(
        knows_one_word,
        ClassMetrics(["0", "1"], None),
        Split("test", texts, labels, rows),
        trained_on=compose_config(["noise=published"]).noise,
    )


@pytest.fixture(scope="module")
def curves() -> dict[str, Any]:
    return measure_curves(full("evaluation.families=[case,leet,invisible]"), make_target(), print)


def test_family_that_changes_every_letter_hides_word(curves: dict[str, Any]) -> None:
    case = curves["families"]["case"]
    assert curves["clean"]["f1"] == 1 and curves["clean"]["flip_rate"] == 0
    for of_seed in range(2):
        assert case["scores"]["f1"][of_seed][1] == 0  # no word remains at p = 1
        assert case["scores"]["flip_rate"][of_seed][1] == 0.5
        assert case["scores"]["false_alarms"][of_seed] == [0, 0]
    assert case["worst_of_k"]["recall"][0] <= np.mean(case["scores"]["f1"], axis=0)[0]
    assert 0 < case["aunc"]["f1"] < 1 and 0 < case["p50"]["f1"] < 1
    assert curves["worst_family"]["f1"]["strength"] == 0.3
    low, high = case["aunc_intervals"]["f1"]
    assert low <= case["aunc"]["f1"] <= high
    assert list(curves["families"]) == ["case", "leet", "invisible", "mix"]


def test_held_out_families_are_reported(curves: dict[str, Any]) -> None:
    held_out = {name: each["held_out"] for name, each in curves["families"].items()}
    assert held_out == {"case": True, "leet": False, "invisible": True, "mix": None}


def test_family_scores_do_not_depend_on_other_families(curves: dict[str, Any]) -> None:
    alone = measure_curves(full("evaluation.families=[leet]"), make_target(), print)
    assert alone["families"]["leet"] == curves["families"]["leet"]


def test_table_shows_every_family(curves: dict[str, Any]) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(curves_table(curves, synthetic=True))
    shown = console.export_text()
    for name in ("case *", "leet ", "invisible *", "mix ", "(clean)", "60 texts, 2 draws"):
        assert name in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_texts_are_sampled() -> None:
    some = replace(full("evaluation.families=[case]"), texts=20, bootstrap=0)
    found = measure_curves(some, make_target(), lambda line: None)
    assert found["num_texts"] == 20 and found["families"]["case"]["intervals"] == {}


@pytest.mark.parametrize(
    ("overrides", "families"),
    [
        (["noise=none"], set()),
        (["noise=unseen"], set()),
        (["noise=diacritics"], {"diacritics"}),
        (["noise=uniform", "noise.level_toxic=2", "noise.masks=''"], {"leet", "keyboard"}),
        (
            ["noise=families", "noise.families={swap: 1, case: 2}", "noise.hold_out=[case]"],
            {"swap"},
        ),
        (
            ["noise=mixed"],
            {
                "leet",
                "keyboard",
                "sequences",
                "clusters",
                "masking",
                "spaces",
                "punctuation",
            },
        ),
    ],
)
def test_families_of_noise_options(overrides: list[str], families: set[str]) -> None:
    found = compose_config(overrides).noise.families_used()
    assert found - {"spaces"} == families - {"spaces"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("evaluation.families=[rot13]", "evaluation.families[0] = 'rot13': must be one of leet,"),
        ("evaluation.strengths=[0.5,0.2]", "evaluation.strengths = [0.5, 0.2]: must be increas"),
        ("evaluation.noise_seeds=[]", "evaluation.noise_seeds = []: must be a list of at least 1"),
        ("evaluation.texts=0", "evaluation.texts = 0: must be at least 1, or null"),
    ],
)
def test_invalid_settings_are_refused(override: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        full(override)
    assert str(error.value).startswith(message)


def test_labeling_is_refused() -> None:
    with pytest.raises(InputError, match=r"evaluation.kind = 'full': must be levels with task=lab"):
        compose_config(["task=labeling", "model=ttr", "evaluation=full"])


def test_run_saves_curves(tmp_path: Path) -> None:
    few = ["dataset.limit_test=12", "dataset.limit_val=10", "training.steps=2"]
    metrics = small_run(
        tmp_path / "run", "evaluation=full", *FEW, *few, "evaluation.families=[swap]",
        "model=ngrams", "task=multilabel", "task.labels=['0','1']",
    )  # fmt: skip
    curves = read_json(tmp_path / "run" / "metrics.json")["curves"]
    assert curves["num_texts"] == 12 and set(curves["families"]) == {"swap", "mix"}
    assert curves["families"]["swap"]["held_out"] is True
    clean = metrics["test"]["clean"]
    assert clean["f1"] == curves["clean"]["f1"] and clean["ece"] == curves["clean"]["ece"]
