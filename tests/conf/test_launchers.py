"""The options of launchers and sweepers compose where their plugin is installed."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from test_cli import main

from vitrina.config import package_folder

NEEDS = {
    "launcher": {
        "joblib_2": "hydra_joblib_launcher",
        "processes": "hydra_submitit_launcher",
        "slurm": "hydra_submitit_launcher",
        "ray_2": "hydra_ray_launcher",
    },
    "sweeper": {"search": "hydra_optuna_sweeper"},
}
CASES = [(group, option, plugin) for group in NEEDS for option, plugin in NEEDS[group].items()]


def installed(plugin: str) -> bool:
    try:
        return find_spec(f"hydra_plugins.{plugin}") is not None
    except ModuleNotFoundError:
        return False


def test_every_option_file_is_known_here() -> None:
    folder = package_folder("conf") / "hydra"
    files = {(path.parent.name, path.stem) for path in folder.glob("*/*.yaml")}
    assert files == {(group, option) for group, option, _ in CASES}


@pytest.mark.parametrize(("group", "option", "plugin"), CASES)
def test_an_option_composes_or_says_what_it_needs(
    group: str, option: str, plugin: str, tmp_path: Path
) -> None:
    done = main("-m", "seed=1,2", f"hydra/{group}={option}", "--cfg", "hydra", cwd=tmp_path)
    if installed(plugin):
        assert (done.returncode, done.stderr) == (0, "")
        assert f"_target_: hydra_plugins.{plugin}." in done.stdout
    else:
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert ": needs pip install 'vitrina[" in done.stderr


def test_processes_of_submitit_run_the_jobs(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="needs vitrina[sweep]")
    tiny = ["model=ngrams", "embedder.num_buckets=500", "dataset.num_comments=100", "threads=1"]
    few = ["training.steps=2", "evaluation.suites=[clean]", "tracking=none", "name=X"]
    done = main("-m", *tiny, *few, "seed=1", "hydra/launcher=processes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (metrics,) = (tmp_path / "outputs" / "X").glob("ngrams-*/metrics.json")
    assert json.loads(metrics.read_text())["train"]["steps"] == 2
