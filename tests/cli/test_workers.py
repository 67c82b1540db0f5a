"""Workers of launchers compose with the same folders and find the same plugins."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tests.cli.test_main import COMMAND, environment
from tests.cli.test_sweep_resume import TINY

PLUGIN = """
from dataclasses import dataclass
from vitrina.models.encoders.config import MeanConfig
from vitrina.registry import add_config_folder, register

@register("encoder", "mine", "vitrina.models.encoders.mean:MeanEncoder")
class MineConfig(MeanConfig):
    \"\"\"The mean, under another name.\"\"\"

add_config_folder("mine_plugin")
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Environment with an installed plugin: an encoder and a preset that uses it."""
    site = tmp_path / "site"
    files = {
        "mine_plugin/__init__.py": "",
        "mine_plugin/components.py": PLUGIN,
        "mine_plugin/conf/model/plugged.yaml": "# @package _global_\n"
        "defaults: [/model/ngrams, override /encoder: mine]\n",
        "mine_plugin-1.5.dist-info/METADATA": "Name: mine-plugin\nVersion: 1.5\n",
        "mine_plugin-1.5.dist-info/entry_points.txt": "[vitrina.plugins]\n"
        "mine = mine_plugin.components\n",
        "own/experiment/quickly.yaml": "# @package _global_\ntraining: {steps: 2}\n",
    }
    for name, content in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    root = str(Path(COMMAND[1]).parent)
    return {**environment(), "PYTHONPATH": f"{site}:{root}"}


def command(environ: dict[str, str], cwd: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("launcher", "needed"), [("joblib_2", "joblib"), ("processes", "submitit"), ("ray_2", "ray")]
)
def test_workers_find_folders_and_plugins(
    launcher: str, needed: str, environ: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{needed}_launcher")
    tiny = [each for each in TINY if not each.startswith("model=")]
    own = ["--config-dir", "site/own", "experiment=quickly", "model=plugged"]
    jobs = ["-m", "name=X", "evaluation.suites=[clean]", f"hydra/launcher={launcher}", "seed=1"]
    command(environ, tmp_path, *own, *tiny, *jobs)
    (metrics,) = (tmp_path / "outputs" / "X").glob("plugged-*/metrics.json")
    assert json.loads(metrics.read_text())["train"]["steps"] == 2
    saved = OmegaConf.load(metrics.parent / "config.yaml")
    assert saved.encoder.kind == "mine"


def test_components_of_plugins_are_listed_and_in_help(
    environ: dict[str, str], tmp_path: Path
) -> None:
    listed = command(environ, tmp_path, "components", "encoder")
    (line,) = [line for line in listed.splitlines() if line.startswith("  mine ")]
    assert "The mean, under another name." in line and "(plugin mine-plugin 1.5)" in line
    shown = command(environ, tmp_path, "--help").splitlines()
    assert any(line.startswith("  encoder:") and " mine," in line for line in shown)
    assert any(line.startswith("  model:") and " plugged," in line for line in shown)
    assert shown[2].startswith(f"Usage: python {COMMAND[1]} ")


def test_help_names_an_installed_command(tmp_path: Path) -> None:
    program = "import sys; sys.argv[0] = '/bin/vitrina'; from vitrina.cli.main import main; main()"
    python = [sys.executable, "-c", program, "--help"]
    done = subprocess.run(
        python, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert "Usage: vitrina [GROUP=OPTION]" in done.stdout
