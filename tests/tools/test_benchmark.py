import json
from pathlib import Path

import pytest

from tools.benchmark import main

MODELS = ("vtr_glyphs", "vtr_glyphs_plain")


def test_rows_are_measured_shown_and_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, saved = tmp_path / "it's.jsonl", tmp_path / "benchmark.json"
    rows = [
        {"text": f"{'дурак' if i % 2 else 'друг'} номер {i}, " * (1 + i % 7), "toxic": i % 2}
        for i in range(300)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    few = ["--repetitions=1", "--texts=4", "--lines=2000", "--threads=1", "--device=cpu"]
    names = "same,render,noise,predict,data"
    assert main(["--rows", names, "--data", str(data), *few, "--save-to", str(saved)]) == 0
    shown = capsys.readouterr().out
    found = json.loads(saved.read_text(encoding="utf-8"))
    by_name = {row["name"]: row for row in found["rows"]}
    assert set(by_name) == {
        "same",
        "render",
        "noise/speed",
        "noise/share",
        *(f"predict/{what}/{model}" for what in ("many", "one") for model in MODELS),
        "data/memory",
        "data/waits",
    }
    assert all(row["result"]["value"] > 0 and row["name"] in shown for row in found["rows"])
    assert found["circumstances"]["texts"] == "it's.jsonl"
    assert found["circumstances"]["threads"] == 1
    assert by_name["render"]["details"]["equal_pixels"] > 0.99
    assert by_name["data/memory"]["details"]["state_bytes_per_comment"] > 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "same,speed"], "error: --rows speed: must be among same, render, "),
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
