"""The plan of a sweep, and the states of its jobs read from their folders."""

import json
import os
import threading
from pathlib import Path

import pytest
from rich.console import Console

from vitrina.cli.job import own_device
from vitrina.cli.sweep import report_sweep
from vitrina.errors import InputError
from vitrina.runs.folder import lock
from vitrina.runs.plan import Job, add_to_plan, read_plan
from vitrina.runs.status import Overview, overview
from vitrina.training.progress import Heartbeat, read_heartbeat


def job(number: int) -> Job:
    return Job(f"{number:08x}", f"ngrams-{number:08x}", ["model=ngrams", f"seed={number}"])


def folder_of(sweep: Path, number: int) -> Path:
    folder = sweep / job(number).name
    folder.mkdir(parents=True)
    record = {"choices": {"model": "ngrams"}, "overrides": job(number).overrides}
    (folder / "record.json").write_text(json.dumps(record))
    return folder


def beat(folder: Path, *, step: int, num_steps: int, seconds: float, at: float = 0.0) -> None:
    speed = step / seconds
    values = {"step": step, "num_steps": num_steps, "steps_per_second": speed}
    (folder / "progress.json").write_text(json.dumps({**values, "seconds": seconds, "at": at}))


def finish(folder: Path, *, seconds: float) -> None:
    """Finish a training of some seconds and an evaluation of ten seconds."""
    (folder / "metrics.json").write_text(json.dumps({"train": {"seconds": seconds}, "test": {}}))
    beat(folder, step=100, num_steps=100, seconds=seconds, at=1000.0)
    os.utime(folder / "metrics.json", (1010.0, 1010.0))


def printed(found: Overview) -> str:
    console = Console(width=150)
    with console.capture() as captured:
        console.print(found)
    return captured.get()


def test_a_plan_grows_and_lists_each_job_once(tmp_path: Path) -> None:
    sweep = tmp_path / "new" / "sweep"
    assert read_plan(sweep) == []
    add_to_plan(sweep, [job(1), job(2), job(2)], "main.py -m seed=1,2,2")
    assert add_to_plan(sweep, [job(2), job(3)], "main.py -m seed=2,3") == read_plan(sweep)
    assert read_plan(sweep) == [job(1), job(2), job(3)]
    typed = json.loads((sweep / "sweep.json").read_text())["commands"]
    assert [each["command"] for each in typed] == ["main.py -m seed=1,2,2", "main.py -m seed=2,3"]


def test_parallel_sweeps_lose_no_job(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=add_to_plan, args=(tmp_path, [job(number)])) for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.signature for each in read_plan(tmp_path)} == {
        job(number).signature for number in range(20)
    }


@pytest.mark.parametrize("content", ["{", "[]", '{"jobs": [{"name": "x"}]}'])
def test_a_damaged_plan_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(InputError, match=r"sweep\.json"):
        read_plan(tmp_path)


def test_overview_shows_states_reasons_and_time_left(tmp_path: Path) -> None:
    jobs = [job(number) for number in range(6)]
    finish(folder_of(tmp_path, 0), seconds=90.0)
    beat(folder_of(tmp_path, 1), step=25, num_steps=100, seconds=50.0)
    (folder_of(tmp_path, 2) / "error.txt").write_text("bad.jsonl:2: not JSON\n\nTraceback …")
    beat(folder_of(tmp_path, 3), step=40, num_steps=100, seconds=20.0)
    folder_of(tmp_path, 5)
    with lock(tmp_path / job(1).name):
        found = overview(tmp_path, jobs)
        output = printed(found)
    states = [each.state for each in found.jobs]
    assert states == ["finished", "running", "failed", "interrupted", "pending", "interrupted"]
    # The finished job took 100 s, the estimate for the pending one. The running job has 75 steps
    # of 2 s left.
    assert found.seconds_left() == pytest.approx(100 + 150)
    line = "1 of 6 finished, 1 running, 1 failed, 2 interrupted, 1 pending, about 4 min 10 s left"
    assert found.line() == line and line in output
    assert "step 25 of 100, 0.5 steps/s" in output
    assert "bad.jsonl:2: not JSON" in output
    assert "has not finished; resume=true resumes it from about step 40 of 100" in output
    assert "seed=4" in output and "model=ngrams" not in output  # which all jobs share
    # The process has ended.
    assert overview(tmp_path, jobs).jobs[1].state == "interrupted"


def test_two_parallel_jobs_take_half_as_long(tmp_path: Path) -> None:
    jobs = [job(number) for number in range(5)]
    finish(folder_of(tmp_path, 0), seconds=90.0)
    for number in (1, 2):
        beat(folder_of(tmp_path, number), step=50, num_steps=100, seconds=40.0)
    with lock(tmp_path / job(1).name), lock(tmp_path / job(2).name):
        left = overview(tmp_path, jobs).seconds_left()
    assert left == pytest.approx((60 + 60 + 100 + 100) / 2)


def test_without_a_finished_job_no_time_left_is_shown(tmp_path: Path) -> None:
    assert overview(tmp_path, [job(0), job(1)]).line() == "0 of 2 finished, 2 pending"


def test_the_newest_run_of_a_job_counts(tmp_path: Path) -> None:
    old = folder_of(tmp_path, 0)
    finish(old, seconds=90.0)
    again = tmp_path / f"{old.name}-2"
    again.mkdir()
    (again / "error.txt").write_text("disk full")
    os.utime(old, (1.0, 1.0))
    (found,) = overview(tmp_path, [job(0)]).jobs
    assert (found.state, found.folder, found.detail) == ("failed", again, "disk full")


def test_the_final_table_shows_interrupted_and_pending_jobs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    jobs = [job(number) for number in range(3)]
    finish(folder_of(tmp_path, 0), seconds=90.0)
    (tmp_path / job(1).name / "checkpoints").mkdir(parents=True)  # killed before its record
    assert not report_sweep(tmp_path, jobs)
    output = capsys.readouterr().out
    assert "interrupted" in output and "has not finished; resume=true resumes it" in output
    assert "pending" in output and "has not been started" in output
    for number in range(3):
        assert f"\n ngrams   {number} " in output
    assert report_sweep(tmp_path, jobs[:1])
    with lock(tmp_path / job(1).name):
        assert report_sweep(tmp_path, jobs[:2])
    assert "running in another process" in capsys.readouterr().out
    # Two parallel sweeps run the job in separate folders; the finished run counts.
    with lock(tmp_path / f"{job(0).name}-2"):
        (tmp_path / f"{job(0).name}-2" / "history.jsonl").touch()
        assert overview(tmp_path, jobs[:1]).jobs[0].state == "running"
        assert report_sweep(tmp_path, jobs[:1])
    assert "running in another process" not in capsys.readouterr().out


def test_jobs_get_separate_devices_while_there_are_enough(tmp_path: Path) -> None:
    with own_device(tmp_path, 5, 3) as first, own_device(tmp_path, 8, 3) as second:
        assert (first, second) == (2, 0)  # both numbers are 2 modulo 3
        with own_device(tmp_path, 1, 3) as third, own_device(tmp_path, 1, 3) as shared:
            assert (third, shared) == (1, 1)
    with own_device(tmp_path, 8, 3) as again:
        assert again == 2


def test_the_heartbeat_of_a_resumed_training_continues(tmp_path: Path) -> None:
    clock = iter([0.0, 1.0, 1.5, 11.0, 100.0, 110.0])
    first = Heartbeat(tmp_path, 50, clock=lambda: next(clock), now=lambda: 7.0)
    first.beat(2)
    first.beat(3)  # too early for another write
    assert read_heartbeat(tmp_path)["step"] == 2
    first.beat(22)
    expected = {"step": 22, "num_steps": 50, "steps_per_second": 2.0, "seconds": 11.0, "at": 7.0}
    assert read_heartbeat(tmp_path) == expected
    Heartbeat(tmp_path, 50, first_step=20, clock=lambda: next(clock)).beat(50)
    after = read_heartbeat(tmp_path)
    assert (after["steps_per_second"], after["seconds"]) == (3.0, 21.0)


def test_a_heartbeat_that_cannot_be_written_is_ignored(tmp_path: Path) -> None:
    Heartbeat(tmp_path / "gone", 50).beat(1)
    assert read_heartbeat(tmp_path / "gone") == {}
    (tmp_path / "progress.json").write_text("{")
    assert read_heartbeat(tmp_path) == {}
