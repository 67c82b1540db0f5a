from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vitrina.evaluation.evaluate import Evaluation, SuiteScores
from vitrina.evaluation.plot import draw_levels, series
from vitrina.tasks.task_metrics import ClassMetrics


def make_evaluation(names: list[str]) -> Evaluation:
    evaluation = Evaluation(ClassMetrics(["0", "1"], 1))
    for index, name in enumerate(names):
        value = 0.9 - 0.02 * index
        evaluation.suites[name] = SuiteScores(
            title=name,
            noise={},
            truth=np.array([0, 1]),
            scores={"f1": value, "roc_auc": value},
            chance={},
            intervals={"f1": (value - 0.02, value + 0.02), "roc_auc": (value, value)},
            comments_per_second=1.0,
        )
    return evaluation


def test_series_groups_suite_names() -> None:
    names = [
        "clean",
        "level_1",
        "level_2",
        "uniform_1",
        "file_level_2",
        "diacritics",
        "unseen_30",
        "b-3",
    ]
    assert series(names) == {
        "level": {1: "level_1", 2: "level_2"},
        "uniform": {1: "uniform_1"},
        "file_level": {2: "file_level_2"},
        "b": {3: "b-3"},
    }


def test_plot_has_line_per_series(tmp_path: Path) -> None:
    names = ["clean", *(f"{s}_{n}" for s in ("level", "uniform") for n in range(1, 5))]
    few, many = tmp_path / "few.png", tmp_path / "many.png"
    assert draw_levels(make_evaluation(names[:5]), few, title="run $x_1", synthetic=True)
    assert draw_levels(make_evaluation([*names, "diacritics"]), many, title="run", synthetic=False)
    with Image.open(few) as a, Image.open(many) as b:
        assert a.size == b.size and a.width > 600
        assert np.abs(np.asarray(a, dtype=int) - np.asarray(b, dtype=int)).sum() > 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["few.png", "many.png"]


def test_clean_suite_alone_is_not_plotted(tmp_path: Path) -> None:
    assert not draw_levels(
        make_evaluation(["clean"]), tmp_path / "x.png", title="", synthetic=False
    )
    assert not list(tmp_path.iterdir())


def test_undefined_scores_are_plotted(tmp_path: Path) -> None:
    evaluation = make_evaluation(["clean", "level_1", "level_2"])
    evaluation.suites["level_1"].scores["roc_auc"] = float("nan")
    evaluation.suites["level_1"].intervals["roc_auc"] = (float("nan"), float("nan"))
    assert draw_levels(evaluation, tmp_path / "x.png", title="", synthetic=False)
