"""Every run gets its own folder, even if several start at the same time."""

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vitrina.config import compose_config, signature, to_dict
from vitrina.errors import InputError
from vitrina.runs.folder import FolderBusyError, acquire, finished_run, is_running, lock


def acquire_many(base: Path, config: Any, ready: Any, found: Any) -> None:
    ready.wait()
    for number in range(8):
        with acquire(base, config, numbered=True) as folder:
            with (folder / "record.json").open("x") as file:
                file.write(json.dumps({"number": number}))
            found.put(folder.name)


def test_parallel_processes_never_share_a_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    config, ready, found = compose_config(), context.Barrier(2), context.Queue()
    base = tmp_path / "vtr-0"
    base.mkdir()  # as Hydra does in both processes
    both = [context.Process(target=acquire_many, args=(base, config, ready, found)) for _ in "ab"]
    for process in both:
        process.start()
    names = sorted((found.get(timeout=30) for _ in range(16)), key=lambda n: (len(n), n))
    for process in both:
        process.join()
        assert process.exitcode == 0
    assert names == ["vtr-0", *(f"vtr-0-{number}" for number in range(2, 17))]


def test_a_resumed_run_uses_its_last_folder_unless_it_is_running(
    tmp_path: Path,
) -> None:
    config = replace(compose_config(), resume=True)
    base = tmp_path / "vtr-0"
    with acquire(base, config, numbered=True) as folder:
        assert folder == base
        assert is_running(base)
        message = "another process is running in this folder"
        with pytest.raises(FolderBusyError, match=message), acquire(base, config, numbered=True):
            pass
    assert not is_running(base)
    for name in ("vtr-0", "vtr-0-2", "vtr-0-10", "vtr-0-9"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "error.txt").touch()
    (tmp_path / "vtr-0-11").mkdir()  # empty
    with acquire(base, config, numbered=True) as folder:
        assert folder.name == "vtr-0-10"


def test_a_named_folder_is_used_without_a_number(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "record.json").touch()
    with acquire(tmp_path / "mine", compose_config(), numbered=False) as folder:
        assert folder == tmp_path / "mine"


def test_is_running_does_not_block_a_run(tmp_path: Path) -> None:
    with lock(tmp_path):
        pass
    for _ in range(50):
        assert not is_running(tmp_path)
        with lock(tmp_path):
            assert is_running(tmp_path)


def test_only_a_finished_run_of_the_same_settings_is_skipped(tmp_path: Path) -> None:
    config = compose_config()
    base = tmp_path / "vtr-0"
    assert finished_run(base, config) is None
    base.mkdir()
    (base / "metrics.json").write_text("{}")
    (base / "record.json").write_text(json.dumps({"signature": signature(to_dict(config))}))
    assert finished_run(base, config) == base
    assert finished_run(base, replace(config, seed=7)) is None
    (base / "record.json").write_text("{")
    with pytest.raises(InputError, match=r"record\.json: cannot be read"):
        finished_run(base, config)
