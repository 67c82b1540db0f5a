"""The wheel contains all files that a run needs, and works in any folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_an_installed_wheel_trains_in_any_folder(tmp_path: Path) -> None:
    python = [sys.executable, "-m"]
    wheels, site, cwd = tmp_path / "wheels", tmp_path / "site", tmp_path / "cwd"
    cwd.mkdir()
    build = [*python, "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", str(ROOT)]
    subprocess.run([*build, "-w", str(wheels)], check=True)
    (wheel,) = wheels.glob("vitrina-*.whl")
    install = [*python, "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True)
    small = ["dataset.num_comments=100", "training.steps=1", "evaluation=quick", "tracking=none"]
    done = subprocess.run(
        [*python, "vitrina.cli.main", *small, "hydra.run.dir=here"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "level_4" in json.loads((cwd / "here" / "metrics.json").read_text())["test"]
    tool = site / "vitrina" / "tools" / "predict.py"
    scored = subprocess.run(
        [sys.executable, str(tool), "here", "--text", "привет"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert 0 <= json.loads(scored.stdout)["score"] <= 1
