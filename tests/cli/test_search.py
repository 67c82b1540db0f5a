"""A search with Optuna, if it is installed."""

import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tests.cli.test_main import main


def test_search_saves_the_best_validation_score(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="needs vitrina[search]")
    tiny = ["model=ngrams", "embedder.num_buckets=500", "dataset.num_comments=100", "threads=1"]
    few = ["training.steps=2", "evaluation.suites=[clean]", "tracking=none", "name=X"]
    search = ["hydra/sweeper=search", "hydra.sweeper.n_trials=2"]
    swept = "optimizer.learning_rate=interval(0.001,0.1)"
    done = main("-m", *tiny, *few, *search, swept, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sweep = tmp_path / "outputs" / "X"
    scores = [json.loads(path.read_text())["val"]["score"] for path in sweep.glob("*/metrics.json")]
    found = OmegaConf.load(sweep / "optimization_results.yaml")
    assert len(scores) == 2 and found.best_value == pytest.approx(max(scores))
