"""Runs that are killed at random moments end with the numbers of uninterrupted ones."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_main import ROOT, environment

SOAK = [sys.executable, "-m", "tests.soak.kills"]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("kills", "given"), [(3, []), (2, ["--sweep", "training.epochs=1"])], ids=["run", "sweep"]
)
def test_killed_runs_equal_uninterrupted_ones(kills: int, given: list[str], tmp_path: Path) -> None:
    shown = output_of([*SOAK, f"--kills={kills}", *given], tmp_path)
    assert shown.splitlines()[-1].startswith(f"{kills} kills in "), shown
    assert "0 rounds differ" in shown


def output_of(command: list[str], folder: Path) -> str:
    """Run a command in `folder`, which must succeed; return its output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


PLACES = """
import sys
from pathlib import Path
from tests.soak import kills as soak
import vitrina.experiment

command = [*soak.SMALL, "training.epochs=1"]
assert soak.attempt(Path("uninterrupted"), command, None) == 0
wanted = soak.outputs(Path("uninterrupted"))
assert any(name.endswith("metrics.json") for name in wanted)
for place in ("a validation", "writing a checkpoint", "the test evaluation"):
    code = soak.attempt(Path("killed"), [*command, "resume=true"], (place, 0))
    assert code == -9, (place, code)
assert soak.attempt(Path("killed"), [*command, "resume=true"], None) == 0
print(soak.differences(wanted, soak.outputs(Path("killed"))))
"""


def test_a_run_survives_kills_in_critical_functions(tmp_path: Path) -> None:
    assert output_of([sys.executable, "-c", PLACES, str(ROOT)], tmp_path) == "[]\n"
