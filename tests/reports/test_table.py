from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from vitrina.reports.formats import terminal
from vitrina.reports.runs import find_runs
from vitrina.reports.table import RunTables, run_table


def shown(table: RunTables, *, color: bool = False, width: int = 120) -> str:
    system: Any = "standard" if color else None
    console = Console(width=width, color_system=system, force_terminal=color)
    with console.capture() as capture:
        console.print(terminal(table, width))
    return capture.get()


def write_run(
    folder: Path,
    choices: dict[str, str],
    overrides: list[str],
    f1: dict[str, float | None] | None,
    error: str = "",
) -> Path:
    folder.mkdir(parents=True)
    record = {"choices": choices, "overrides": overrides, "name": folder.name, "synthetic": True}
    (folder / "record.json").write_text(json.dumps(record), "utf-8")
    if f1 is not None:
        tests = {suite: {"f1": value, "roc_auc": 0.9} for suite, value in f1.items()}
        metrics = {"train": {"seconds": 12.4}, "val": {}, "test": tests}
        (folder / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    if error:
        (folder / "error.txt").write_text(error, "utf-8")
    return folder


def row_with(text: str, *parts: str) -> str:
    rows = [line for line in text.splitlines() if all(part in line for part in parts)]
    assert len(rows) == 1, (parts, text)
    return rows[0]


def test_best_run_is_bold(tmp_path: Path) -> None:
    for model, embedder in (("vtr", "slices"), ("ttr", "wordpiece")):
        for level, score in ((0, 0.8), (4, 0.7)):
            better = 0.05 if model == "vtr" else 0.0
            write_run(
                tmp_path / f"{model}-{level}",
                {"model": model, "embedder": embedder, "noise": "mixed", "dataset": "demo"},
                [f"model={model}", f"noise.level_toxic={level}"],
                {"clean": score + better, "level_1": score + better - 0.1},
            )
    runs = find_runs(tmp_path)
    assert len(runs) == 4
    text = shown(run_table(runs))
    assert "synthetic demo corpus" in text
    assert "noise.level_toxic" in text and "level" in text and "seconds" in text
    assert "embedder" not in text  # determined by the model
    assert "mixed" not in text  # equal in all runs
    row = row_with(text, "vtr", " 0 ")
    assert "0.850" in row and "0.750" in row and "12" in row
    assert "\x1b[1m0.850" in shown(run_table(runs), color=True)
    assert "\x1b[1m0.800" not in shown(run_table(runs), color=True)


def test_differing_options_are_shown(tmp_path: Path) -> None:
    for noise in ("mixed", "none"):
        write_run(tmp_path / noise, {"model": "vtr", "noise": noise}, [], {"clean": 0.5})
    text = shown(run_table(find_runs(tmp_path)))
    assert "mixed" in row_with(text, "mixed") and "noise" in text


def test_failed_and_unfinished_runs_are_shown(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {"model": "vtr"}, ["seed=1"], {"clean": 0.5, "level_1": None})
    write_run(tmp_path / "b", {"model": "vtr"}, ["seed=2"], None, "out of [memory]\nTraceback …")
    write_run(tmp_path / "c", {"model": "vtr"}, ["seed=3"], None)
    only_error = tmp_path / "d"
    only_error.mkdir()
    (only_error / "error.txt").write_text("no such file\n", "utf-8")
    broken = write_run(tmp_path / "e", {"model": "vtr"}, ["seed=5"], {"clean": 0.1})
    (broken / "metrics.json").write_text("[1", "utf-8")
    text = " ".join(shown(run_table(find_runs(tmp_path))).split())  # lines may wrap
    for which, reason in {
        "model=vtr seed=2": "out of [memory]",
        "model=vtr seed=3": "not finished",
        "model=d": "no such file",
        "model=vtr seed=5": "metrics.json cannot be read",
    }.items():
        after = text.split(which, 1)[1]
        assert reason in after[: after.index(reason) + 200].split("model=")[0], (which, text)
    assert "Traceback" not in text
    assert "vtr 1 12 0.500 –" in text
    assert text.count(" failed ") == 4


def test_wide_table_is_split(tmp_path: Path) -> None:
    names = ["clean", *(f"{series}_{n}" for series in ("level", "uniform") for n in range(1, 5))]
    for seed in (1, 2):
        scores: dict[str, float | None] = dict.fromkeys(names, 0.5 + seed / 10)
        write_run(tmp_path / f"run{seed}", {"model": "vtr_glyphs"}, [f"seed={seed}"], scores)
    text = shown(run_table(find_runs(tmp_path)), width=70)
    assert "…" not in text and max(map(len, text.splitlines())) <= 70
    assert text.count("0.600") == text.count("0.700") == len(names)
    assert text.count("seed") == 2 and text.count("seconds") == 1
    assert shown(run_table(find_runs(tmp_path)), width=120).count("seed") == 1


def test_table_without_runs(tmp_path: Path) -> None:
    assert "by suite" in shown(run_table(find_runs(tmp_path)))


def test_pretraining_runs_are_compared_by_loss(
    tmp_path: Path,
) -> None:
    for name, loss in (("a", 0.81), ("b", 0.62)):
        folder = write_run(tmp_path / name, {"model": "vtr"}, [f"seed={name}"], {"clean": None})
        tests = {"clean": {"masked_loss": loss, "count": 7}}
        metrics = {"train": {"seconds": 1.0}, "val": {}, "test": tests}
        (folder / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    text = shown(run_table(find_runs(tmp_path)), color=True)
    assert "masked_loss by suite" in text
    assert "\x1b[1m0.620" in text and "\x1b[1m0.810" not in text
    labels = write_run(tmp_path / "c", {"model": "vtr"}, ["seed=c"], {"clean": 0.5})
    assert "f1 by suite" in shown(run_table([*find_runs(tmp_path), labels]))
