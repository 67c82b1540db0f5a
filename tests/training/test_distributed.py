"""Distributed training: two processes train the same model as one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from tests.cli.test_main import ROOT, environment, main
from tests.conftest import PLAIN, SMALL
from vitrina.models.token_batch import split_into
from vitrina.training.distributed import DistributedContext

# Adam normalizes gradients, which amplifies rounding errors. At this rate weights do not change,
# and the means of the gradients are compared.
EXACT = ("training.precision=fp32", "task.dropout=0", "optimizer.learning_rate=1e-12")
CONVOLUTIONS = ("encoder=cnn", "encoder.dropout=0")
VIEWS = ("training.consistency=1", "training.consistency_from=noisy")


TORCHRUN = (
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc-per-node=2",
)


def torchrun(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TORCHRUN, str(ROOT / "main.py"), *arguments],
        cwd=cwd,
        env={**environment(), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# torch's batch normalization of channels-last images with many pixels has errors of 1e-3
# (tests/models/test_norm.py), which propagate to later layers.
@pytest.mark.parametrize(
    ("preset", "own", "tolerance"),
    [
        ("vtr_glyphs_plain", (*CONVOLUTIONS, "ocr=ctc", "ocr.min_count=2", *VIEWS), 2e-4),
        ("vtr", CONVOLUTIONS, 5e-3),
        ("ngrams", (), 2e-4),
    ],
)
@pytest.mark.slow
def test_two_processes_train_the_same_model_as_one(
    preset: str, own: tuple[str, ...], tolerance: float, tmp_path: Path
) -> None:
    few = [
        "dataset.num_comments=130",
        "training.steps=2",
        "dataset.limit_test=10",
        "dataset.limit_val=10",
    ]
    # An odd batch size, without splits into parts, which are normalized separately.
    odd = ["training.batch_size=15", "training.max_tokens=20000"]
    given = [*SMALL, *EXACT, *few, *odd, f"model={preset}", *own]
    one = main(*given, "hydra.run.dir=one", cwd=tmp_path)
    assert one.returncode == 0, one.stderr
    two = torchrun(*given, "hydra.run.dir=two", cwd=tmp_path)
    assert two.returncode == 0, two.stderr
    assert two.stdout.count("/two\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}
    last = Path("checkpoints") / "last.safetensors"
    wanted, found = load_file(tmp_path / "one" / last), load_file(tmp_path / "two" / last)
    assert wanted.keys() == found.keys()
    for name, value in wanted.items():
        if name.startswith("model."):
            torch.testing.assert_close(found[name], value, atol=tolerance, rtol=tolerance)
    means = [name for name in wanted if name.endswith(".exp_avg")]
    gradients = [torch.cat([each[name].flatten() for name in means]) for each in (wanted, found)]
    assert (gradients[1] - gradients[0]).norm() <= 10 * tolerance * gradients[0].norm()
    assert gradients[0].norm() > 0
    one_rows, two_rows = (
        [json.loads(line) for line in (tmp_path / run / "history.jsonl").read_text().splitlines()]
        for run in ("one", "two")
    )
    assert [row.keys() for row in one_rows] == [row.keys() for row in two_rows]
    for one_row, two_row in zip(one_rows, two_rows, strict=True):
        for key in {"loss", "reading_loss", "infeasible"} & one_row.keys():
            assert two_row[key] == pytest.approx(one_row[key], rel=10 * tolerance), key


@pytest.mark.slow
def test_processes_agree_on_the_folder_and_the_parts_of_a_batch(tmp_path: Path) -> None:
    small_parts = ["training.batch_size=11", "training.max_tokens=200"]
    few = ["dataset.num_comments=100", "training.steps=6"]
    done = torchrun(PLAIN, *SMALL, *small_parts, *few, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "outputs" / "runs").iterdir()
    assert (folder / "metrics.json").exists()


@pytest.mark.slow
def test_a_failure_of_the_first_process_stops_all(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "record.json").write_text('{"signature": "other"}')
    done = torchrun(PLAIN, *SMALL, "hydra.run.dir=run", cwd=tmp_path)
    assert done.returncode != 0
    assert done.stderr.count("run: contains a run already; resume=true resumes it") == 1


def test_a_sweep_under_torchrun_is_refused(tmp_path: Path) -> None:
    done = torchrun("-m", "seed=1,2", cwd=tmp_path)
    assert done.returncode != 0
    assert "error: torchrun starts one run: leave out -m and lists of values\n" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_shares_cover_a_batch(size: int) -> None:
    batch = np.arange(100, 100 + size)
    shares = [DistributedContext(rank, 3).shard(batch) for rank in range(3)]
    weights = dict.fromkeys(batch.tolist(), 0.0)
    for indices, weight in shares:
        assert len(indices) >= 1
        for index in indices.tolist():
            weights[index] += weight
    assert list(weights.values()) == pytest.approx([1.0] * size)


def test_shares_of_a_sorted_batch_are_balanced() -> None:
    lengths = np.sort(np.random.default_rng(0).integers(1, 300, size=64))
    for count in (2, 3, 4):
        sums = [
            int(DistributedContext(rank, count).shard(lengths)[0].sum()) for rank in range(count)
        ]
        assert max(sums) / min(sums) < 1.05, (count, sums)


def test_one_process_exchanges_nothing() -> None:
    alone, tensor = DistributedContext(), torch.ones(2)
    alone.all_reduce([tensor])
    assert tensor.tolist() == [1, 1] and alone.broadcast("a") == "a" and alone.gather(3) == [3]
    assert alone.is_first and "RANK" not in os.environ


@pytest.mark.parametrize("num_parts", [1, 2, 4])
def test_a_batch_is_split_into_parts_of_similar_size(num_parts: int) -> None:
    num_tokens = np.random.default_rng(0).integers(1, 50, size=40)
    parts = list(split_into(num_tokens, num_parts))
    assert sorted(np.concatenate(parts).tolist()) == list(range(40)) and len(parts) == num_parts
    sums = [int(num_tokens[part].sum()) for part in parts]
    assert max(sums) - min(sums) <= 50


@pytest.mark.slow
def test_killing_one_process_stops_all_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    run = tmp_path / "run"
    steps = ["training.steps=120", "training.validate_every=10", "training.checkpoint_seconds=0.2"]
    given = [PLAIN, *SMALL, *steps, "training.log_every=1", f"hydra.run.dir={run}"]
    process = subprocess.Popen(
        [*TORCHRUN, str(ROOT / "main.py"), *given],
        cwd=tmp_path,
        env={**environment(), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        last = run / "checkpoints" / "last.safetensors"
        wait_until(lambda: last.exists() or process.poll() is not None)
        os.kill(worker_of_rank(1, run), signal.SIGKILL)
        assert process.wait(timeout=60) != 0
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not list(workers(run)))  # no process remains
    assert not (run / "metrics.json").exists()
    assert not [path for path in run.rglob("*") if "tmp" in path.name]
    saved = int(json.loads(safe_open(last, "numpy").metadata()["state"])["step"])
    assert 0 < saved < 120
    done = main(*given, "resume=true", cwd=tmp_path)  # one process can resume
    assert done.returncode == 0, done.stderr
    assert f"resuming from step {saved}" in done.stdout
    assert (run / "metrics.json").exists()


def workers(run: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the processes that train in the folder `run`, with their environments."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            pairs = (folder / "environ").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:  # ended, or of another user
            continue
        variables = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        if f"hydra.run.dir={run}" in words and "LOCAL_RANK" in variables:
            yield int(folder.name), variables


def worker_of_rank(rank: int, run: Path) -> int:
    return next(pid for pid, variables in workers(run) if variables["RANK"] == str(rank))


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
