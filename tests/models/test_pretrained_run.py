"""Runs with a pretrained encoder do not need the checkpoint after training."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import vitrina
from tests.checkpoints import make_checkpoint
from tests.cli.test_main import main
from tests.conftest import SMALL, small_run
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.experiment import run as run_again


def test_finished_run_needs_no_checkpoint(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint", "roberta")
    few = ["dataset.limit_test=20", "dataset.limit_val=20", "training.steps=3"]
    arguments = [f"encoder.name={checkpoint}", "hydra.run.dir=run", *SMALL, *few]
    done = main("model=ttr_pretrained", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    shutil.rmtree(checkpoint)
    run = tmp_path / "run"
    record = json.loads((run / "record.json").read_text())
    assert {"embedder.name", "encoder.name"} <= set(record["hashes"])
    assert record["versions"]["transformers"]
    lines = (run / "predictions" / "level_4.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    scores = vitrina.load(run).probabilities([row["scored_text"] for row in rows])[:, 1]
    np.testing.assert_allclose(scores, [row["score"] for row in rows], atol=2e-6)
    assert len({round(row["score"], 4) for row in rows}) > 1
    config = compose_config(["model=ttr_pretrained", *arguments[:1], *SMALL, *few, "resume=true"])
    assert run_again(config, run) == json.loads((run / "metrics.json").read_text())


def test_missing_checkpoint_leaves_no_record(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"encoder\.name = '\./no/where': must be a local folder"):
        small_run(tmp_path / "run", "model=vtr_pretrained", "encoder.name=./no/where")
    assert not (tmp_path / "run" / "record.json").exists()
