"""Sweeps and interrupted runs through the command line."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import COMMAND, environment, main
from tests.conftest import PLAIN, SMALL


def metrics(folder: Path) -> Any:
    return json.loads((folder / "metrics.json").read_text())


def scores(folder: Path) -> dict[str, float]:
    return {name: suite["roc_auc"] for name, suite in metrics(folder)["test"].items()}


def test_sweep_continues_after_a_failed_job(tmp_path: Path) -> None:
    lines = [
        json.dumps({"text": f"{'дурак' if i % 2 else 'друг'} номер {i} {i * 'я'}", "toxic": i % 2})
        for i in range(40)
    ]
    (tmp_path / "good.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "bad.jsonl").write_text('{"text": "а", "toxic": 0}\n{', encoding="utf-8")
    fractions = ["dataset.val_fraction=0.3", "dataset.test_fraction=0.3"]
    sweep = ["model=vtr_glyphs_plain,ttr", "dataset.train=good.jsonl,bad.jsonl", "name=both"]
    done = main("-m", "dataset=jsonl", *sweep, *SMALL[1:], *fractions, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("4 jobs, all checked\n")
    assert done.stderr.count("failed: bad.jsonl:2: not JSON") == 2
    folders = sorted((tmp_path / "outputs" / "both").glob("*-*"))
    assert len(folders) == 4
    finished = [folder for folder in folders if (folder / "metrics.json").exists()]
    failed = [folder for folder in folders if (folder / "error.txt").exists()]
    assert len(finished) == len(failed) == 2 and not set(finished) & set(failed)
    table = done.stdout[done.stdout.index("f1 by suite") :]
    assert table.count("vtr_glyphs_plain") >= 2 and table.count("ttr") >= 2
    assert "bad.jsonl:2: not JSON" in table


def test_an_experiment_may_define_a_sweep(tmp_path: Path) -> None:
    done = main("experiment=visual_against_text", "training.epochs=-1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: training.epochs = -1.0: must be above 0\n"


LONG = [*SMALL, "training.epochs=3", "training.checkpoint_seconds=0"]


@pytest.mark.parametrize("preset", ["vtr_glyphs_plain", "vtr"])
@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_scores(preset: str, tmp_path: Path) -> None:
    few = ["dataset.limit_test=20", "dataset.limit_val=20", "dataset.num_comments=100"]
    given = [f"model={preset}", *LONG, *few]
    undisturbed = main(*given, "hydra.run.dir=undisturbed", cwd=tmp_path)
    assert undisturbed.returncode == 0, undisturbed.stderr
    folder = tmp_path / "killed"
    process = start(*given, "hydra.run.dir=killed", cwd=tmp_path)
    wait_for(folder / "checkpoints" / "last.safetensors", process)
    process.kill()
    process.wait()
    assert not (folder / "metrics.json").exists()
    refused = main(*given, "hydra.run.dir=killed", cwd=tmp_path)
    assert refused.returncode == 2 and "resume=true resumes it" in refused.stderr
    resumed = main(*given, "hydra.run.dir=killed", "resume=true", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming from step" in resumed.stdout
    assert scores(folder) == scores(tmp_path / "undisturbed")
    assert metrics(folder)["val"] == metrics(tmp_path / "undisturbed")["val"]


def test_ctrl_c_saves_and_names_resume(tmp_path: Path) -> None:
    process = start(*LONG, "training.epochs=10000", "hydra.run.dir=run", cwd=tmp_path)
    wait_for(tmp_path / "run" / "checkpoints" / "last.safetensors", process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "everything is saved; the same command with resume=true resumes it" in output


def test_a_second_process_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    process = start(*LONG, "training.epochs=10000", "hydra.run.dir=run", cwd=tmp_path)
    wait_for(tmp_path / "run" / ".lock", process)
    refused = main(PLAIN, *LONG, "training.epochs=10000", "hydra.run.dir=run", cwd=tmp_path)
    process.kill()
    process.wait()
    assert refused.returncode == 2
    assert "run: another process is running in this folder" in refused.stderr


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
