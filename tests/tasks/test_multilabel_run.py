"""Runs with more than two labels: label sets of an Odnoklassniki file, classes of a JSONL file."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vitrina
from tests.cli.test_main import main
from tests.conftest import PLAIN as PLAIN_MODEL
from tests.conftest import SMALL
from tests.test_experiment import rows, scores_only
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.experiment import run

WORDS = {"INSULT": "дурак баран осёл", "THREAT": "убью зарежу", "OBSCENITY": "хрен жопа"}
PLAIN = ["сегодня", "погода", "хорошая", "мы", "пошли", "гулять", "парк", "ели", "мороженое"]


def comments(count: int, seed: int) -> list[tuple[list[str], str]]:
    """Return labels and texts; a text has a word of each of its labels."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        labels = [name for name in WORDS if random.random() < 0.3]
        words = [*random.choice(PLAIN, 4), *(random.choice(WORDS[name].split()) for name in labels)]
        mark = "абвгдежзиклмнопр"[number % 16] + "абвгдежзиклмнопр"[number // 16]
        made.append((labels or ["NORMAL"], " ".join([*random.permutation(words), mark])))
    return made


def write_published(path: Path, made: list[tuple[list[str], str]]) -> Path:
    lines = [f"{','.join('__label__' + name for name in names)} {text}\n" for names, text in made]
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a multilabel run made from the command line."""
    folder = tmp_path_factory.mktemp("multilabel")
    data = write_published(folder / "dataset.txt", comments(250, seed=1))
    new = write_published(
        folder / "new.txt", [(["NORMAL", "THREAT"], "убью мы"), (["INSULT"], "а")]
    )
    done = main(
        "task=multilabel",
        "dataset=ok",
        f"dataset.train={data}",
        f"dataset.extra={{new: {new}}}",
        "task.threshold=validation",
        "task.class_weights=balanced",
        "task.loss=focal",
        "training.epochs=3",
        PLAIN_MODEL,
        *SMALL[2:],
        "evaluation.bootstrap=100",
        f"hydra.run.dir={folder / 'run'}",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert "Labels (clean)" in done.stdout and "macro average" in done.stdout
    assert "decision thresholds: INSULT 0." in done.stdout
    return folder / "run"


def test_metrics_contain_all_labels_and_means(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    clean, names = metrics["test"]["clean"], ["INSULT", "NORMAL", "OBSCENITY", "THREAT"]
    assert list(clean["labels"]) == list(metrics["thresholds"]) == names
    wanted = {"precision", "recall", "f1", "roc_auc", "average_precision", "support"}
    assert all(set(each) == wanted for each in clean["labels"].values())
    macro = np.mean([each["f1"] for each in clean["labels"].values()])
    assert clean["f1"] == clean["macro_f1"] == pytest.approx(macro)
    assert clean["roc_auc"] > 0.7 and 0 < clean["micro_f1"] <= 1
    assert clean["intervals"]["micro_f1"][0] <= clean["micro_f1"]
    assert metrics["test"]["new"]["labels"]["THREAT"]["support"] == 1


def test_saved_predictions_equal_those_of_the_loaded_model(finished: Path) -> None:
    model = vitrina.load(finished)
    thresholds = json.loads((finished / "thresholds.json").read_text())
    written = rows(finished / "predictions" / "level_2.jsonl")
    predicted = model.predict([row["scored_text"] for row in written])
    for prediction, row in zip(predicted, written, strict=True):
        assert row["label"] == [name for name, p in row["score"].items() if p >= thresholds[name]]
        assert isinstance(prediction.score, dict) and prediction.label == row["label"]
        assert list(prediction.score.values()) == pytest.approx(
            list(row["score"].values()), abs=2e-6
        )
        assert prediction.probabilities == pytest.approx(prediction.score, abs=1e-6)
        assert row["labels"]  # the row's own fields stay
    right = [set(row["label"]) == set(row["labels"]) for row in written]
    metrics = json.loads((finished / "metrics.json").read_text())
    assert np.mean(right) == pytest.approx(metrics["test"]["level_2"]["accuracy"])


def test_repeating_the_end_of_a_run_gives_the_same_thresholds(
    finished: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(finished, copy)
    (copy / "metrics.json").unlink()
    (copy / "thresholds.json").unlink()
    with pytest.raises(InputError, match=r"thresholds\.json: there is no such file; task\.thresh"):
        vitrina.load(copy)
    overrides = json.loads((copy / "record.json").read_text())["overrides"]
    again = run(compose_config([*overrides, "resume=true"]), copy)
    before = json.loads((finished / "metrics.json").read_text())
    assert again["thresholds"] == before["thresholds"]
    assert scores_only(again) == scores_only(before)
    assert (copy / "thresholds.json").read_bytes() == (finished / "thresholds.json").read_bytes()


def test_given_order_and_weights_of_classes(tmp_path: Path) -> None:
    words = {
        "fish": "карась щука",
        "bird": "сокол ворона",
        "beast": "волк лиса",
        "fungus": "груздь",
    }
    lines: list[dict[str, Any]] = [
        {"text": f"вот {word} {'абвгд'[i % 5]}{'абвгдежз'[i // 5]}", "kind": name}
        for name, members in words.items()
        for word in members.split()
        for i in range(30)
    ]
    data = tmp_path / "kinds.jsonl"
    data.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    given = ["dataset=jsonl", f"dataset.train={data}", "dataset.label_field=kind"]
    given += [PLAIN_MODEL, *SMALL[1:]]
    chosen = ["task.labels=[fish,beast,bird]", "task.class_weights={bird: 2}", "task.loss=focal"]
    metrics = run(compose_config([*given, *chosen]), tmp_path / "run")
    labels = metrics["test"]["clean"]["labels"]
    assert list(labels) == ["fish", "beast", "bird"] and "thresholds" not in metrics
    assert sum(each["support"] for each in labels.values()) == metrics["test"]["clean"]["count"]
    model = vitrina.load(tmp_path / "run")
    assert model.label_names == ["fish", "beast", "bird"]
    assert set(model.predict(["щука"])[0].probabilities) == set(labels)
    with pytest.raises(InputError, match=r"^task\.threshold = 'validation': must be 0\.5 with 3"):
        run(compose_config([*given, *chosen, "task.threshold=validation"]), tmp_path / "other")
