import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.benchmarks.command import main


@pytest.mark.slow
def test_rows_are_measured_shown_and_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, saved = tmp_path / "it's.jsonl", tmp_path / "benchmark.json"
    rows = [
        {"text": f"{'дурак' if i % 2 else 'друг'} номер {i}, " * (1 + i % 7), "toxic": i % 2}
        for i in range(300)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    few = ["--repetitions=1", "--texts=4", "--threads=1", "--device=cpu"]
    names = "same,render,noise"
    assert main(["--rows", names, "--data", str(data), *few, "--save-to", str(saved)]) == 0
    shown = capsys.readouterr().out
    found = json.loads(saved.read_text(encoding="utf-8"))
    by_name = {row["name"]: row for row in found["rows"]}
    assert set(by_name) == {"same", "render", "noise/speed", "noise/share"}
    assert all(row["result"]["value"] > 0 and row["name"] in shown for row in found["rows"])
    assert found["environment"]["texts"] == "it's.jsonl"
    assert found["environment"]["threads"] == 1
    assert by_name["render"]["details"]["equal_pixels"] > 0.99


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "same,speed"], "error: --rows speed: must be one of same, render, "),
        (["--repetitions", "0"], "error: --repetitions 0: must be at least 1\n"),
        (["--data", "nowhere.jsonl"], "error: dataset.train = "),
    ],
)
def test_wrong_options_end_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(message) and error.count("\n") == 1


@pytest.mark.parametrize("tool", ["benchmark", "step_cost", "train_glyph_encoder"])
def test_the_scripts_start(tool: str) -> None:
    script = Path(__file__).resolve().parents[3] / "tools" / f"{tool}.py"
    done = subprocess.run([sys.executable, str(script), "--help"], capture_output=True, check=True)
    assert f"usage: {tool}.py".encode() in done.stdout
