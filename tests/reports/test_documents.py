import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.reports.made_up_runs import write_run
from tools.results import main

ROOT = Path(__file__).resolve().parents[2]


def write_results(root: Path, name: str = "main", **more: Any) -> Path:
    path = root / "docs" / "results" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [
        {"label": "F1", "best": "max"},
        {"label": "alarms", "unit": "%", "digits": 1, "best": "min"},
    ]
    rows = [
        {"label": "`vtr`", "scores": {"F1": {"1": 0.9, "2": 0.91, "3": 0.92}, "alarms": 0.05}},
        {"label": "`ttr`", "scores": {"F1": {"1": 0.8, "3": 0.82}}},
    ]
    path.write_text(json.dumps({"columns": columns, "rows": rows, **more}), "utf-8")
    return path


def write_document(root: Path, name: str = "main", document: str = "README.md") -> Path:
    path = root / document
    path.write_text(f"# A\n\n<!-- results:{name} -->\n<!-- /results -->\n\nend\n", "utf-8")
    return path


def run(root: Path, *words: str) -> int:
    return main(["--root", str(root), *words])


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_documents_of_the_repository_agree_with_its_files() -> None:
    assert run(ROOT, "--check") == 0


def test_a_table_has_means_intervals_and_the_best(tmp_path: Path) -> None:
    write_results(tmp_path, caption="Scores.", num_texts=2254, measured={"vitrina": "0.1"})
    document = write_document(tmp_path)
    assert run(tmp_path) == 0
    assert lines_of(document)[4:9] == [
        "| model | F1 | alarms |",
        "|---|---:|---:|",
        "| `vtr` | **0.910 ± 0.025** | **5.0** % |",
        "| `ttr` (2 of 3 seeds) | 0.810 | – |",
        "",
    ]
    assert lines_of(document)[9] == (
        "Scores. 2,254 test texts. Means of 3 seeds with 95 % intervals. "
        "Bold: the best of a column. Measured with version 0.1."
    )
    assert lines_of(document)[-1] == "end"
    assert run(tmp_path, "--check") == 0


def test_a_score_that_lacks_a_seed_says_so(tmp_path: Path) -> None:
    three = {"1": 0.9, "2": 0.9, "3": 0.9}
    write_results(
        tmp_path, rows=[{"label": "`vtr`", "scores": {"F1": three, "alarms": {"2": 0.05}}}]
    )
    document = write_document(tmp_path)
    assert run(tmp_path) == 0
    row = "| `vtr` | **0.900 ± 0.000** | **5.0** % (1 of 3 seeds) |"
    assert row in lines_of(document)


def test_a_russian_document_has_russian_labels(tmp_path: Path) -> None:
    write_results(tmp_path, ru={"model": "модель", "alarms": "ложные тревоги", "`vtr`": "`vtr` 1"})
    document = write_document(tmp_path, document="README.ru.md")
    assert run(tmp_path) == 0
    text = document.read_text("utf-8")
    assert "| модель | F1 | ложные тревоги |" in text and "| `vtr` 1 |" in text
    assert "2 из 3" in text and "seeds" not in text


def test_a_changed_number_is_found_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_results(tmp_path)
    document = write_document(tmp_path)
    run(tmp_path)
    document.write_text(document.read_text("utf-8").replace("0.910", "0.990"), "utf-8")
    capsys.readouterr()
    assert run(tmp_path, "--check") == 1
    assert capsys.readouterr().err == "README.md: main differs from docs/results/main.json\n"
    assert "0.990" in document.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<!-- results:mian -->\n<!-- /results -->\n", ("results:mian", "main")),
        ("<!-- results:main -->\n", ("README.md", "1 lines", "<!-- /results -->")),
        ("<!-- results:main:command -->\n<!-- /results -->\n", ("README.md", "well-formed")),
    ],
)
def test_a_wrong_marker_is_an_error_in_one_line(
    text: str, parts: Sequence[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_results(tmp_path)
    (tmp_path / "README.md").write_text(text, "utf-8")
    assert run(tmp_path) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and all(part in error for part in parts)


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        ({"colums": []}, ("main.json", "colums", "columns")),
        ({"rows": [{"label": "a", "scores": {"F2": 1}}]}, ("scores of a", "F2", "F1")),
        ({"rows": [{"command": "a"}]}, ("rows", "label")),
    ],
)
def test_a_wrong_file_is_an_error_in_one_line(
    more: dict[str, Any],
    parts: Sequence[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_results(tmp_path, **more)
    assert run(tmp_path) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and all(part in error for part in parts)


def test_a_figure_is_drawn_once(tmp_path: Path) -> None:
    columns = [{"label": f"at {x}", "panel": "leet", "x": x} for x in (0.0, 0.5)]
    scores = {"at 0.0": {"1": 0.9, "2": 0.8, "3": 0.9}, "at 0.5": 0.7}
    rows = [{"label": "`vtr`", "scores": scores}]
    path = write_results(tmp_path, "curves", columns=columns, rows=rows)
    document = write_document(tmp_path, "curves:caption")
    assert run(tmp_path, "--check") == 1
    assert run(tmp_path) == 0
    assert run(tmp_path, "--check") == 0
    assert lines_of(document)[4] == "Means of 3 seeds with 95 % intervals."
    with Image.open(tmp_path / "docs" / "pictures" / "curves.png") as image:
        assert image.width > 400
    path.write_text(path.read_text("utf-8").replace("0.7", "0.6"), "utf-8")
    assert run(tmp_path, "--check") == 1


def collect(root: Path, *words: str) -> int:
    metrics = ["--metric", "F1=test.clean.f1", "--metric", "error=1-test.clean.labels.0.f1"]
    path = str(root / "results.json")
    return main(["--collect", str(root / "sweep"), "--save-to", path, *metrics, *words])


def test_runs_that_differ_in_the_seed_are_a_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (1, 2):
        write_run(tmp_path / "sweep" / f"vtr{seed}", "vtr", seed, 0.8 + seed / 100)
    write_run(tmp_path / "sweep" / "ttr1", "ttr", 1, 0.7)
    write_run(tmp_path / "sweep" / "ttr2", "ttr", 2, None, error="out of memory")
    assert collect(tmp_path) == 0
    assert "ttr2: out of memory" in capsys.readouterr().err
    path = tmp_path / "results.json"
    found = json.loads(path.read_text("utf-8"))
    vtr, ttr = found["rows"]
    assert vtr["command"] == "python main.py model=vtr noise.level_toxic=1"
    assert vtr["scores"]["F1"] == {"1": 0.81, "2": 0.82}
    assert vtr["scores"]["error"]["1"] == pytest.approx(0.19)
    assert ttr["scores"]["F1"] == {"1": 0.7}
    assert found["num_texts"] == 50 and found["measured"]["commit"] == "0123abcd"

    vtr["label"] = "windows"
    path.write_text(json.dumps(found), "utf-8")
    write_run(tmp_path / "sweep" / "vtr3", "vtr", 3, 0.83)
    assert collect(tmp_path) == 0
    found = json.loads(path.read_text("utf-8"))
    assert found["rows"][0]["label"] == "windows" and len(found["rows"]) == 2
    assert found["rows"][0]["scores"]["F1"] == {"1": 0.81, "2": 0.82, "3": 0.83}


def test_commands_name_their_common_settings_once(tmp_path: Path) -> None:
    for seed, model in ((1, "vtr"), (2, "vtr"), (1, "ttr")):
        write_run(tmp_path / "sweep" / f"{model}{seed}", model, seed, 0.8)
    path = tmp_path / "docs" / "results" / "main.json"
    main(
        [
            "--collect",
            str(tmp_path / "sweep"),
            "--save-to",
            str(path),
            "--metric",
            "F1=test.clean.f1",
        ]
    )
    document = write_document(tmp_path, "main:commands")
    assert run(tmp_path) == 0
    assert lines_of(document)[4:9] == [
        "```bash",
        'ARGS="noise.level_toxic=1"',
        "for s in 1 2; do python main.py $ARGS model=vtr seed=$s; done",
        "python main.py $ARGS model=ttr seed=1",
        "```",
    ]


def test_local_paths_become_variables_or_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_run(tmp_path / "sweep" / "vtr1", "vtr", 1, 0.8)
    record = json.loads((folder / "record.json").read_text("utf-8"))
    record["overrides"] = ["dataset.extra={a:/data/ru/a.jsonl}", "seed=1", "name=main"]
    (folder / "record.json").write_text(json.dumps(record), "utf-8")
    monkeypatch.delenv("DATA", raising=False)
    assert collect(tmp_path) == 2
    assert "/data/ru/a.jsonl" in (error := capsys.readouterr().err) and "DATA" in error
    monkeypatch.setenv("DATA", "/data/ru")
    assert collect(tmp_path) == 0
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert found["rows"][0]["command"] == 'python main.py "dataset.extra={a:$DATA/a.jsonl}"'


def test_a_mean_over_draws_and_rows_of_a_tool(tmp_path: Path) -> None:
    write_run(tmp_path / "sweep" / "vtr1", "vtr", 1, 0.8, full=True)
    assert collect(tmp_path, "--metric", "leet=curves.families.leet.scores.f1.*.0") == 0
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert found["rows"][0]["scores"]["leet"]["1"] == pytest.approx(0.8 - 0.1 / 3 - 0.02)

    tool, path = tmp_path / "tool.json", tmp_path / "docs" / "results" / "speed.json"
    rows = [{"name": "render", "result": {"value": 19.4, "unit": "×", "low": 18.0, "high": 2000}}]
    tool.write_text(json.dumps({"environment": {"torch": "2.13"}, "rows": rows}), "utf-8")
    assert main(["--collect", str(tool), "--save-to", str(path), "--metric", "gain=result"]) == 0
    document = write_document(tmp_path, "speed")
    assert run(tmp_path) == 0
    assert "| `render` | 19.4 × (18 to 2,000) |" in document.read_text("utf-8")
