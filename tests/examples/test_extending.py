"""The installed example plugin trains, evaluates, loads and reports."""

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tests.cli.test_main import COMMAND, ROOT, environment

PLUGIN = "vitrina-extending 0.1"
QUICK = [
    "experiment=backwards",
    "training.steps=2",
    "evaluation.suites=[clean]",
    "evaluation.bootstrap=0",
    "evaluation.plot=false",
    "tracking=none",
    "threads=1",
]
LOAD = """
import sys, vitrina
(one,) = vitrina.load(sys.argv[1]).predict(["привет"])
assert set(one.probabilities) == {"0", "1"}
assert "hydra" not in sys.modules
"""


def python(cwd: Path, site: Path | str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**environment(), "PYTHONPATH": f"{site}:{ROOT}", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def succeed(cwd: Path, site: Path, *arguments: str) -> str:
    done = python(cwd, site, *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed example."""
    target = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    package = str(ROOT / "examples" / "extending")
    pip = ["-m", "pip", "install", *options, "--target", str(target), package]
    succeed(target, target, *pip)
    return target


@pytest.fixture(scope="module")
def run(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that uses every component of the example."""
    cwd = tmp_path_factory.mktemp("run")
    names = ["".join(pair) for pair in product("бвгджзклмн", repeat=2)]  # no two texts are alike
    lines = [f"{'+-'[n % 2]} {('злой', 'добрый')[n % 2]} {name}" for n, name in enumerate(names)]
    (cwd / "rows.marked").write_text("\n".join(lines), encoding="utf-8")
    dataset = ["dataset=marked", "dataset.train=rows.marked", "training.metric=specificity"]
    succeed(cwd, site, COMMAND[1], *QUICK, *dataset)
    (folder,) = cwd.glob("outputs/backwards/hashed_words-*")
    return folder


def test_a_run_records_the_plugin_and_scores_its_metric(run: Path) -> None:
    saved = OmegaConf.load(run / "config.yaml")
    assert saved.plugins == [PLUGIN]
    assert json.loads((run / "record.json").read_text())["plugins"] == [PLUGIN]
    chosen = {group: saved[group].kind for group in ("embedder", "encoder", "dataset", "task")}
    assert chosen == {
        "embedder": "hashed_words",
        "encoder": "gated",
        "dataset": "marked",
        "task": "margin",
    }
    assert saved.noise.families == {"backwards": 1, "leet": 1}
    assert 0 <= json.loads((run / "metrics.json").read_text())["test"]["clean"]["specificity"] <= 1


def test_a_run_is_evaluated_loaded_without_hydra_and_reported(run: Path, site: Path) -> None:
    full = ["evaluation=full", "evaluation.families=[backwards]", "evaluation.strengths=[1.0]"]
    few = ["evaluation.suites=[clean]", "evaluation.bootstrap=0", "evaluation.plot=false"]
    cwd = run.parents[2]
    succeed(cwd, site, str(ROOT / "tools" / "evaluate.py"), str(run), *full, *few)
    found = json.loads((run / "evaluations" / "full" / "metrics.json").read_text())
    assert "backwards" in json.dumps(found)
    succeed(cwd, site, "-c", LOAD, str(run))
    succeed(cwd, site, str(ROOT / "tools" / "report.py"), str(run))
    assert "hashed_words" in (run / "report.html").read_text(encoding="utf-8")


def test_loading_without_the_plugin_names_it(run: Path) -> None:
    done = python(run, "", "-c", LOAD, str(run))
    assert done.returncode != 0
    error = done.stderr.strip().splitlines()[-1]
    assert str(run / "config.yaml") in error and f"needs the plugin {PLUGIN}" in error


def test_options_are_in_help_errors_and_the_list_of_components(site: Path, tmp_path: Path) -> None:
    options = {
        "embedder": "hashed_words",
        "encoder": "gated",
        "dataset": "marked",
        "task": "margin",
        "model": "hashed_words",
        "experiment": "backwards",
    }
    shown = succeed(tmp_path, site, COMMAND[1], "--help").splitlines()
    for group, option in options.items():
        (line,) = [line for line in shown if line.startswith(f"  {group}:")]
        assert option in line.split(":")[1].replace(",", "").split()
    done = python(tmp_path, site, COMMAND[1], "encoder=foo")
    assert done.returncode == 2 and "must be one of" in done.stderr and " gated," in done.stderr
    listed = succeed(tmp_path, site, COMMAND[1], "components").splitlines()
    own = [line.split()[0] for line in listed if line.endswith(f"(plugin {PLUGIN})")]
    assert sorted(own) == sorted(
        ["hashed_words", "gated", "max", "marked", "margin", "backwards", "specificity"]
    )


def test_parallel_jobs_of_a_sweep_find_the_plugin(site: Path, tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs vitrina[sweep]")
    sweep = ["-m", "seed=1,2", "hydra/launcher=joblib_2", "dataset.num_comments=100"]
    succeed(tmp_path, site, COMMAND[1], *QUICK, *sweep)
    assert len([*tmp_path.glob("outputs/backwards/hashed_words-*/metrics.json")]) == 2
