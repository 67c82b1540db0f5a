"""Group and tags of a run in a tracking service."""

from pathlib import Path
from typing import Any

import pytest

from vitrina import experiment as run_module
from vitrina.config import compose_config
from vitrina.training.distributed import DistributedContext
from vitrina.training.trackers.base import TrackedRun, Tracker


def test_a_job_has_the_group_of_its_sweep_and_tags_of_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[TrackedRun] = []

    def open_tracker(config: Any, run: TrackedRun) -> Tracker:
        seen.append(run)
        return Tracker()

    monkeypatch.setattr(run_module, "open_tracker", open_tracker)
    config = compose_config(["model=vtr", "noise=uniform", "name=my_sweep"])
    record = {"choices": {"model": "vtr", "noise": "uniform", "dataset": "demo"}}
    folder = tmp_path / "vtr-01234567"
    with run_module._tracked(config, folder, record, DistributedContext()):
        pass
    (run,) = seen
    assert (run.group, run.folder) == ("my_sweep", folder)
    assert run.tags == ["model=vtr", "noise=uniform"]
