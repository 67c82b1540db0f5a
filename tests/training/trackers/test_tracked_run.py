"""What a run tells the tracking service of where it belongs."""

from pathlib import Path
from typing import Any

import pytest

from vitrina import experiment as run_module
from vitrina.config import compose_config
from vitrina.training.distributed import DistributedContext
from vitrina.training.trackers.base import NoTracker


def test_a_job_is_grouped_by_its_sweep_and_tagged_by_model_and_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}

    def build(config: Any, **given: Any) -> NoTracker:
        told.update(given)
        return NoTracker()

    monkeypatch.setattr(run_module, "build_tracker", build)
    config = compose_config(["model=vtr", "noise=uniform", "name=my_sweep"])
    record = {"choices": {"model": "vtr", "noise": "uniform", "dataset": "demo"}}
    folder = tmp_path / "vtr-01234567"
    with run_module._tracked(config, folder, record, DistributedContext()):
        pass
    assert (told["group"], told["name"]) == ("my_sweep", "vtr-01234567")
    assert told["tags"] == ["model=vtr", "noise=uniform"]
