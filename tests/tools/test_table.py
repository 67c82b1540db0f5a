"""Tests of tools/table.py."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.reports.made_up_runs import write_run
from tools.table import main

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "table.py"

LEVELS = ["--rows=model", "--columns=noise.level_toxic", "--metric=test.level_4.f1"]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two models at two levels with six seeds, of which the visual one is always better."""
    folder = tmp_path / "sweep"
    for level in (0, 4):
        for seed in range(1, 7):
            for model, better in (("vtr", 0.0), ("ttr_x", 0.05 + 0.01 * level)):
                name = f"{model}-{level}-{seed}"
                f1 = 0.8 - better + seed / 500
                write_run(folder / name, model, seed, f1, level=level, full=True)
    return folder


def run_tool(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(list(arguments)) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_as_a_command(sweep: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), str(sweep), *LEVELS]
    environment = os.environ | {"COLUMNS": "160"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
    )
    row = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["ttr_x"])
    # 0.75 and 0.71 clean, 0.08 less at level 4; seeds 0.002 apart: t 2.5706 × 0.00374 / √6.
    assert "0.677 ± 0.004 (6)" in row and "0.637 ± 0.004 (6)" in row
    assert "noise.level_toxic = 0" in done.stdout


def test_tests_are_paired_and_corrected(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = cells(run_tool(capsys, str(sweep), *LEVELS, "--format=csv"))
    assert [(cell["model"], cell["noise.level_toxic"]) for cell in found] == [
        ("vtr", "0"), ("vtr", "4"), ("ttr_x", "0"), ("ttr_x", "4"),
    ]  # fmt: skip
    assert [cell["best"] for cell in found] == ["1", "1", "0", "0"]
    assert [cell["baseline"] for cell in found] == ["", "", "vtr", "vtr"]
    for cell, difference in zip(found[2:], (-0.05, -0.09), strict=True):
        assert float(cell["difference"]) == pytest.approx(difference)
        assert (cell["pairs"], float(cell["p"])) == ("6", 0.03125)
        assert float(cell["p_holm"]) == 0.0625
    note = run_tool(capsys, str(sweep), *LEVELS, "--format=markdown")
    assert "cannot give p below 0.0625, corrected for 2 tests; p = 0.05 requires 7 seeds" in note
    other = cells(run_tool(capsys, str(sweep), *LEVELS, "--format=csv", "--baseline=ttr_x"))
    assert [cell["baseline"] for cell in other] == ["ttr_x", "ttr_x", "", ""]
    none = run_tool(capsys, str(sweep), *LEVELS, "--format=csv", "--baseline=none")
    assert all(cell["p"] == "" for cell in cells(none))


def test_paths_of_metrics_as_columns(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["curves.families.leet.aunc.f1", "attack.searches.greedy.success_rate.1"]
    metrics = [f"--metric={path}" for path in paths]
    where = [str(sweep), "--rows=model", "--columns=metric", *metrics, "--format=csv"]
    assert main(where) == 0
    found = cells(capsys.readouterr().out)
    assert {cell["metric"] for cell in found} == set(paths)
    assert float(found[0]["mean"]) == pytest.approx(0.657)
    text = run_tool(capsys, *where[:-1])
    assert "lower is better in attack.searches.greedy.success_rate.1" in " ".join(text.split())


def test_several_runs_of_one_seed_are_reported(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = write_run(sweep / "again", "vtr", 1, 0.1, level=0, embedder={"kind": "line"})
    os.utime(again / "metrics.json", (2e9, 2e9))
    text = run_tool(capsys, str(sweep), *LEVELS, "--format=markdown")
    assert "2 runs of model=vtr noise.level\\_toxic=0 seed=1".replace("\\_", "_") in text
    assert "the newest counts, again; they differ in embedder.kind" in text
    (found, *_) = cells(run_tool(capsys, str(sweep), *LEVELS, "--format=csv"))
    assert found["seeds"] == "6" and float(found["mean"]) < 0.65


def test_failed_and_unfinished_runs_are_named(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(sweep / "f", "ngrams", 1, None, error="out of [memory]")
    write_run(sweep / "u", "ngrams", 2, None)
    for name in ("early-1", "early-2"):  # without a record
        (sweep / name).mkdir()
        (sweep / name / "error.txt").write_text("no such file\n", "utf-8")
    (sweep / "vtr-0-1" / "again").mkdir()  # a second evaluation, not a run
    (sweep / "vtr-0-1" / "again" / "metrics.json").write_text('{"test": {}}', "utf-8")
    lines = run_tool(capsys, str(sweep))
    text = " ".join(lines.split())
    assert text.count("no such file") == 2 and "finished runs" not in text
    assert "model=ngrams seed=1" in text and "out of [memory]" in text
    assert "model=ngrams seed=2" in text and "not finished" in text
    assert re.search(r"ngrams +–", text) and not re.search(r"^ *– ", lines, re.M)


def test_markdown_and_latex_escape(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(sweep / "odd", "a|b_$&%*", 1, 0.5)
    for form, wanted in (("markdown", r"a\|b"), ("latex", r"a|b\_\$\&\%*")):
        target = sweep.parent / "new" / f"table.{form}"
        assert main([str(sweep), f"--format={form}", f"--save-to={target}"]) == 0
        text = target.read_text("utf-8")
        assert wanted in text
        if form == "latex":
            lines = text.splitlines()
            rows = [line for line in lines if line.endswith(r"\\")]
            assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) <= 2
            assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric=test.levl_4.f1"], "no 'levl_4' in test; it has: clean, level_1"),
        (["--metric=test.clean"], "not a number; it has: test.clean.f1"),
        (["--rows=noise.level"], "--rows noise.level: no run has this setting; there are: noise."),
        (["--baseline=bert"], "--baseline bert: must be one of vtr, ttr_x, first, best, none"),
        (["--columns=noise", "--metric=a", "--metric=b"], "one metric, or --columns metric"),
    ],
)
def test_wrong_arguments_end_in_one_line(
    arguments: list[str], message: str, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = run_tool(capsys, str(sweep), *arguments, code=2)
    assert error.startswith("error: ") and error.count("\n") == 1 and message in error


def test_a_plot_has_a_panel_per_metric(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = []
    for number, metrics in enumerate((["test.clean.f1"], ["test.clean.f1", "test.level_4.f1"])):
        path = tmp_path / "new" / f"{number}.png"
        given = [f"--metric={metric}" for metric in metrics]
        run_tool(capsys, str(sweep), "--columns=noise.level_toxic", *given, f"--picture={path}")
        with Image.open(path) as picture:
            sizes.append(picture.size)
            assert len(picture.convert("RGB").getcolors(10**6) or []) > 50  # two lines and bands
    assert sizes[1][0] > 1.5 * sizes[0][0] and sizes[0][1] == sizes[1][1]
    run_tool(capsys, str(sweep), "--columns=seed", f"--picture={tmp_path / 'seeds.png'}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--picture=a.png"], "--columns = 'metric': must be a setting with --picture"),
        (["--picture=a.jpg", *LEVELS], "--picture = 'a.jpg': must be a file that ends in .png"),
        (["--picture=a.png", "--save-to=b", *LEVELS], "--save-to = 'b': must be left out"),
    ],
)
def test_wrong_arguments_of_a_plot_end_in_one_line(
    arguments: list[str], message: str, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = run_tool(capsys, str(sweep), *arguments, code=2)
    assert error.startswith("error: ") and error.count("\n") == 1 and message in error
    assert not Path("a.png").exists() and not Path("b").exists()


def test_folders_without_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "contains no run" in run_tool(capsys, str(tmp_path), code=2)
    assert "no such folder" in run_tool(capsys, str(tmp_path / "none"), code=2)
    write_run(tmp_path / "u", "vtr", 1, None)
    assert "none of the 1 runs has finished" in run_tool(capsys, str(tmp_path), code=2)
