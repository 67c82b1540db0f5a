"""Tests of tools/sweep.py and tools/sync.py."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

import sweep as sweep_tool  # noqa: E402
import sync as sync_tool  # noqa: E402

from vitrina.runs.plan import Job, add_to_plan  # noqa: E402


def test_the_state_of_a_sweep_is_shown(tmp_path: Path) -> None:
    jobs = [Job(str(number), f"vtr-{number}", [f"seed={number}"]) for number in range(2)]
    add_to_plan(tmp_path, jobs)
    (tmp_path / "vtr-0").mkdir()
    (tmp_path / "vtr-0" / "metrics.json").write_text("{}")
    command = [sys.executable, str(TOOLS / "sweep.py"), str(tmp_path), "--watch"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 of 2 finished, 1 pending" in done.stdout
    assert "seed=0   finished" in done.stdout and "seed=1   pending" in done.stdout
    (tmp_path / "vtr-1").mkdir()
    (tmp_path / "vtr-1" / "metrics.json").write_text("{}")
    assert sweep_tool.main([str(tmp_path)]) == 0


def test_a_folder_without_a_plan_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep_tool.main([str(tmp_path)]) == 2
    assert (
        capsys.readouterr().err == f"error: {tmp_path}: contains no plan of a sweep (sweep.json)\n"
    )


def recording(run: Path, name: str, *, sent: bool = False) -> Path:
    folder = run / "wandb" / name
    folder.mkdir(parents=True)
    (folder / f"run-{name[-1]}.wandb").touch()
    if sent:
        (folder / f"run-{name[-1]}.wandb.synced").touch()
    return folder


def test_offline_recordings_are_uploaded_once_and_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = recording(tmp_path / "a-job", "offline-run-20260102_000000-x")
    earlier = recording(tmp_path / "b-job", "offline-run-20260101_000000-y")
    recording(tmp_path / "c-job", "offline-run-20260101_000000-z", sent=True)
    recording(tmp_path / "d-job", "run-20260101_000000-w")
    ran: list[list[str]] = []

    def run(command: list[str], **given: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(sync_tool.subprocess, "run", run)
    assert sync_tool.main([str(tmp_path), "--dry-run"]) == 0
    output = capsys.readouterr().out
    assert output == f"{earlier}\n{later}\n2 offline recordings not uploaded\n" and ran == []
    assert sync_tool.main([str(tmp_path)]) == 3
    assert ran == [[sys.executable, "-m", "wandb", "sync", str(earlier), str(later)]]
    assert sync_tool.main([str(tmp_path / "c-job")]) == 0 and len(ran) == 1
    assert sync_tool.main([str(tmp_path / "nowhere")]) == 2
