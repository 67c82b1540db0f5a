"""Sweeps that are started again, that meet each other, and that run jobs side by side."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_cli import COMMAND, environment, main
from test_sweep import start, wait_for

from vitrina.sweeps.overview import overview
from vitrina.sweeps.plan import read_plan

TINY = [
    "model=ngrams",
    "embedder.num_buckets=500",
    "dataset.num_comments=100",
    "evaluation.suites=[clean,level_4]",
    "evaluation.bootstrap=0",
    "evaluation.picture=false",
    "tracking=none",
    "threads=1",
]


def record(folder: Path) -> Any:
    return json.loads((folder / "record.json").read_text())


def test_the_same_sweep_again_runs_only_what_is_new(tmp_path: Path) -> None:
    command = ["-m", *TINY, "training.steps=3", "name=X", "resume=true"]
    first = main(*command, "seed=1,2", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "sweep: 1 of 2 done, 1 waiting, about" in first.stdout
    sweep = tmp_path / "outputs" / "X"
    before = {path: path.stat().st_mtime_ns for path in sweep.glob("*/metrics.json")}
    jobs = read_plan(sweep)
    assert {path.parent.name for path in before} == {f"ngrams-{job.signature}" for job in jobs}
    more = main(*command, "seed=1,2,3", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    assert more.stdout.count("finished already") == 2
    assert more.stdout.count("trained in") == 1
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert [job.overrides[-1] for job in read_plan(sweep)] == ["seed=1", "seed=2", "seed=3"]
    table = more.stdout[more.stdout.index("f1 by suite") :]
    assert [f"ngrams   {seed} " in table for seed in (1, 2, 3)] == [True] * 3
    # Where all is done, nothing heavy is started.
    program = (
        "import sys; from vitrina.cli import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    arguments = [sys.executable, "-c", program, *command, "seed=1,2,3"]
    again = subprocess.run(
        arguments, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("finished already") == 3 and "sweep: 3 of 3 done" in again.stdout


def test_a_killed_sweep_goes_on_and_leaves_a_running_job_to_its_process(tmp_path: Path) -> None:
    long = ["training.steps=600", "training.checkpoint_seconds=0", "training.validate_every=100"]
    command = ["-m", *TINY, *long, "name=X", "seed=1,2"]
    sweep = tmp_path / "outputs" / "X"
    process = start(*command, cwd=tmp_path)
    wait_for(sweep / "sweep.json", process)
    one = read_plan(sweep)[0]
    wait_for(sweep / one.name / "checkpoints" / "last.safetensors", process)
    running = overview(sweep, read_plan(sweep))
    assert [each.state for each in running.jobs] == ["running", "waiting"]
    beside = main(*command[:-1], "seed=1", "resume=true", cwd=tmp_path)
    assert beside.returncode == 0, beside.stderr
    assert f"{one.name}: running elsewhere, left to that process" in beside.stdout
    assert process.poll() is None
    process.kill()
    process.communicate()
    assert not (sweep / one.name / "metrics.json").exists()
    killed = overview(sweep, read_plan(sweep)).jobs[0]
    assert killed.state == "stopped" and "has not finished" in killed.told
    resumed = main(*command[:-1], "seed=1", "resume=true", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.count("going on from step") == 1
    assert [path.name for path in sweep.glob("ngrams-*")] == [one.name]
    states = [each.state for each in overview(sweep, read_plan(sweep)).jobs]
    assert states == ["done", "waiting"]


ROWS = [
    json.dumps({"text": f"{'дурак' if i % 2 else 'друг'} номер {i} {i * 'я'}", "toxic": i % 2})
    for i in range(40)
]


def sweep_of_files(folder: Path, launcher: str) -> list[str]:
    """The arguments of four jobs, of which two fail."""
    (folder / "good.jsonl").write_text("\n".join(ROWS), encoding="utf-8")
    (folder / "bad.jsonl").write_text(ROWS[0] + "\n{", encoding="utf-8")
    data = ["dataset=jsonl", "dataset.train=good.jsonl,bad.jsonl", "dataset.val_fraction=0.3"]
    tiny = [each for each in TINY if "num_comments" not in each]
    more = ["dataset.test_fraction=0.3", "training.steps=3", "seed=1,2", "name=X"]
    return ["-m", *tiny, *data, *more, launcher]


def test_two_workers_do_what_one_does_and_tell_what_fails(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs vitrina[sweep]")
    done = main(*sweep_of_files(tmp_path, "hydra/launcher=joblib_2"), cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("failed: bad.jsonl:2: not JSON") == 2
    table = done.stdout[done.stdout.index("f1 by suite") :]
    assert table.count("bad.jsonl:2: not JSON") == 2
    sweep = tmp_path / "outputs" / "X"
    good = [path.parent for path in sweep.glob("*/metrics.json")]
    assert len(good) == 2
    # The lock is opened when a job begins, the metrics are written when it ends.
    begun = [(folder / ".lock").stat().st_mtime for folder in good]
    ended = [(folder / "metrics.json").stat().st_mtime for folder in good]
    assert max(begun) < min(ended)
    assert all(record(folder)["command"].startswith("main.py -m model=ngrams") for folder in good)
    # What failed is tried again, one job after the other, on the same texts.
    again = sweep_of_files(tmp_path, "resume=true")
    (tmp_path / "bad.jsonl").write_text("\n".join(ROWS), encoding="utf-8")
    mended = main(*again, cwd=tmp_path)
    assert mended.returncode == 0, mended.stderr
    assert mended.stdout.count("finished already") == 2
    assert not list(sweep.glob("*/error.txt"))
    scores: dict[str, list[Any]] = {}
    for path in sweep.glob("*/metrics.json"):
        (seed,) = (o for o in record(path.parent)["overrides"] if o.startswith("seed="))
        metrics = json.loads(path.read_text())
        clean = {k: v for k, v in metrics["test"]["level_4"].items() if "second" not in k}
        scores.setdefault(seed, []).append((clean, metrics["val"]))
    assert [len(pair) for pair in scores.values()] == [2, 2]
    assert all(one == other for one, other in scores.values())
    assert scores["seed=1"] != scores["seed=2"]


def test_a_launcher_whose_worker_dies_keeps_what_is_done(tmp_path: Path) -> None:
    """As when the system kills a worker for its memory."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs vitrina[sweep]")
    environ = {**environment(), "PYTHONPATH": f"{tmp_path}:{Path(COMMAND[1]).parent}"}
    # A worker imports the module anew: what kills it there must be imported with it.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'loky' in ' '.join(sys.orig_argv):\n"
        "    import vitrina.sweeps.job as job\n"
        "    job.SweepJob.__call__ = lambda self, composed: os.kill(os.getpid(), 9)\n"
    )
    arguments = [*COMMAND, "-m", *TINY, "seed=1,2", "name=X", "hydra/launcher=joblib_2"]
    done = subprocess.run(
        arguments, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "error: the sweep stopped: TerminatedWorkerError" in done.stderr
    assert "resume=true goes on" in done.stderr
    assert done.stdout.count("has not been started") == 2
