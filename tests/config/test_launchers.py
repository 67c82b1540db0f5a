"""The options of launchers and sweepers compose if their plugin is installed."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.test_compose import jobs_of
from tests.cli.test_main import main
from vitrina.errors import InputError
from vitrina.files import package_folder

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


def test_every_option_file_is_tested() -> None:
    folder = package_folder("conf") / "hydra"
    files = {(path.parent.name, path.stem) for path in folder.glob("*/*.yaml")}
    assert files == {(group, option) for group, option, _ in CASES}


@pytest.mark.parametrize(("group", "option", "plugin"), CASES)
def test_an_option_composes_or_names_the_missing_extra(
    group: str, option: str, plugin: str
) -> None:
    try:
        jobs = jobs_of("-m", "seed=1,2", f"hydra/{group}={option}")
    except InputError as error:
        assert not installed(plugin)
        assert re.fullmatch(r"hydra/\w+=\w+: needs pip install 'vitrina\[\w+\]'", str(error))
    else:
        assert installed(plugin)
        # Only Hydra's own sweeper knows its jobs in advance.
        assert len(jobs) == (2 if group == "launcher" else 0)


def test_processes_of_submitit_run_the_jobs(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="needs vitrina[sweep]")
    tiny = ["model=ngrams", "embedder.num_buckets=500", "dataset.num_comments=100", "threads=1"]
    few = ["training.steps=2", "evaluation.suites=[clean]", "tracking=none", "name=X"]
    done = main("-m", *tiny, *few, "seed=1", "hydra/launcher=processes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (metrics,) = (tmp_path / "outputs" / "X").glob("ngrams-*/metrics.json")
    assert json.loads(metrics.read_text())["train"]["steps"] == 2
    record = json.loads((metrics.parent / "record.json").read_text())
    assert record["command"].startswith("main.py -m model=ngrams")
