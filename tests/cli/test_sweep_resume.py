"""Sweeps that are repeated, that share a folder, and that run jobs in parallel."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import COMMAND, environment, main
from tests.cli.test_sweep import start, wait_for
from vitrina.runs.plan import read_plan
from vitrina.runs.status import overview

TINY = [
    "model=ngrams",
    "embedder.num_buckets=500",
    "dataset.num_comments=100",
    "evaluation.suites=[clean,level_4]",
    "evaluation.bootstrap=0",
    "evaluation.plot=false",
    "tracking=none",
    "threads=1",
]


def record(folder: Path) -> Any:
    return json.loads((folder / "record.json").read_text())


@pytest.mark.slow
def test_a_sweep_skips_running_jobs_and_resumes_killed_ones(tmp_path: Path) -> None:
    long = ["training.steps=80", "training.checkpoint_seconds=0", "training.validate_every=20"]
    command = ["-m", *TINY, *long, "name=X", "seed=1,2"]
    sweep = tmp_path / "outputs" / "X"
    process = start(*command, cwd=tmp_path)
    wait_for(sweep / "sweep.json", process)
    one = read_plan(sweep)[0]
    wait_for(sweep / one.name / "checkpoints" / "last.safetensors", process)
    process.send_signal(signal.SIGSTOP)  # so that it cannot finish before the second sweep
    running = overview(sweep, read_plan(sweep))
    assert [each.state for each in running.jobs] == ["running", "pending"]
    second = main(*command[:-1], "seed=1", "resume=true", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    assert f"{one.name}: running in another process, skipped" in second.stdout
    assert process.poll() is None
    process.kill()
    process.communicate()
    assert not (sweep / one.name / "metrics.json").exists()
    killed = overview(sweep, read_plan(sweep)).jobs[0]
    assert killed.state == "interrupted" and "has not finished" in killed.detail
    resumed = main(*command[:-1], "seed=1", "resume=true", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.count("resuming from step") == 1
    assert [path.name for path in sweep.glob("ngrams-*")] == [one.name]
    states = [each.state for each in overview(sweep, read_plan(sweep)).jobs]
    assert states == ["finished", "pending"]


ROWS = [
    json.dumps({"text": f"{'дурак' if i % 2 else 'друг'} номер {i} {i * 'я'}", "toxic": i % 2})
    for i in range(40)
]


def sweep_of_files(seeds: str) -> list[str]:
    data = ["dataset=jsonl", "dataset.train=good.jsonl,bad.jsonl", "dataset.val_fraction=0.3"]
    tiny = [each for each in TINY if "num_comments" not in each]
    more = ["dataset.test_fraction=0.3", "training.steps=3", f"seed={seeds}", "name=X"]
    return ["-m", *tiny, *data, *more]


@pytest.mark.slow
def test_a_repeated_sweep_runs_only_missing_jobs(
    tmp_path: Path,
) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs vitrina[sweep]")
    (tmp_path / "good.jsonl").write_text("\n".join(ROWS), encoding="utf-8")
    (tmp_path / "bad.jsonl").write_text(ROWS[0] + "\n{", encoding="utf-8")
    done = main(*sweep_of_files("1"), "hydra/launcher=joblib_2", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("failed: bad.jsonl:2: not JSON") == 1
    table = done.stdout[done.stdout.index("f1 by suite") :]
    assert table.count("bad.jsonl:2: not JSON") == 1
    sweep = tmp_path / "outputs" / "X"
    (metrics,) = sweep.glob("*/metrics.json")
    (error,) = sweep.glob("*/error.txt")
    good, before = metrics.parent, metrics.stat().st_mtime
    assert good.name == f"ngrams-{record(good)['signature']}"
    assert {job.name for job in read_plan(sweep)} == {good.name, error.parent.name}
    # In parallel: a job opens its lock at the start and writes the other file at the end.
    started = [(each.parent / ".lock").stat().st_mtime for each in (metrics, error)]
    assert max(started) < min(before, error.stat().st_mtime)
    assert record(good)["command"].startswith("main.py -m model=ngrams")

    # The same sweep with another seed, sequentially, after the bad file is corrected.
    (tmp_path / "bad.jsonl").write_text("\n".join(ROWS), encoding="utf-8")
    again = main(*sweep_of_files("1,2"), "resume=true", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("finished already") == 1 and again.stdout.count("trained in") == 3
    assert "sweep: 3 of 4 finished, 1 pending, about" in again.stdout
    assert metrics.stat().st_mtime == before
    assert len(read_plan(sweep)) == len(list(sweep.glob("ngrams-*"))) == 4
    assert not list(sweep.glob("*/error.txt"))
    scores: dict[str, list[Any]] = {}
    for path in sweep.glob("*/metrics.json"):
        (seed,) = (o for o in record(path.parent)["overrides"] if o.startswith("seed="))
        found = json.loads(path.read_text())
        noisy = {k: v for k, v in found["test"]["level_4"].items() if "second" not in k}
        scores.setdefault(seed, []).append((noisy, found["val"]))
    assert [len(pair) for pair in scores.values()] == [2, 2]
    # Both files contain the same texts: workers and a single process have the same scores.
    assert all(one == other for one, other in scores.values())
    assert scores["seed=1"] != scores["seed=2"]

    # If all jobs are finished, torch is not imported.
    program = (
        "import sys; from vitrina.cli.main import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    last = subprocess.run(
        [sys.executable, "-c", program, *sweep_of_files("1,2"), "resume=true"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert last.returncode == 0, last.stderr
    assert last.stdout.count("finished already") == 4 and "sweep: 4 of 4 finished" in last.stdout


@pytest.mark.slow
def test_a_dead_worker_stops_the_sweep_and_results_stay(tmp_path: Path) -> None:
    """For example, the system kills a worker that runs out of memory."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs vitrina[sweep]")
    environ = {**environment(), "PYTHONPATH": f"{tmp_path}:{Path(COMMAND[1]).parent}"}
    # A worker imports the module itself, so sitecustomize.py patches it there.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'loky' in ' '.join(sys.orig_argv):\n"
        "    import vitrina.cli.job as job\n"
        "    job.SweepJob.__call__ = lambda self, composed: os.kill(os.getpid(), 9)\n"
    )
    arguments = [*COMMAND, "-m", *TINY, "seed=1,2", "name=X", "hydra/launcher=joblib_2"]
    done = subprocess.run(
        arguments, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "error: the sweep stopped: TerminatedWorkerError" in done.stderr
    assert "resume=true resumes it" in done.stderr
    assert done.stdout.count("has not been started") == 2
