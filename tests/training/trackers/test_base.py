from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vitrina.errors import InputError
from vitrina.training.trackers import base, wandb
from vitrina.training.trackers.base import BackgroundTracker, TrackedRun, Tracker, open_tracker
from vitrina.training.trackers.config import NoTrackingConfig, WandbConfig

ROOT = Path(__file__).parents[3]


class Fake(Tracker):
    """Records logged rows; calls `trouble` for each."""

    def __init__(self, trouble: Callable[[], object] = lambda: None) -> None:
        self.trouble = trouble
        self.lines: list[tuple[int, Any]] = []
        self.exit_code: int | None = None

    def log(self, metrics: Any, step: int) -> None:
        self.trouble()
        self.lines.append((step, metrics))

    def finish(self, exit_code: int = 0) -> None:
        self.exit_code = exit_code


def test_rows_arrive_in_order_before_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    fake = Fake()
    tracker = BackgroundTracker(lambda: fake, timeout=10)
    values: dict[str, float] = {}
    for step in range(100):
        values["loss"] = step / 2  # the same dictionary in all steps
        tracker.log(values, step)
    tracker.finish(3)
    assert fake.lines == [(step, {"loss": step / 2}) for step in range(100)]
    assert fake.exit_code == 3
    assert capsys.readouterr().err == ""


def test_a_service_that_raises_does_not_stop_the_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def trouble() -> None:
        raise ConnectionError("gone\nand more")

    fake = Fake(trouble)
    tracker = BackgroundTracker(lambda: fake, timeout=10)
    for step in range(20):
        tracker.log({}, step)
    tracker.finish()
    line = "tracking: log failed (ConnectionError: gone); the run continues\n"
    assert capsys.readouterr().err == line  # once
    assert fake.exit_code == 0


def test_a_service_that_cannot_start_is_disabled(capsys: pytest.CaptureFixture[str]) -> None:
    def start() -> Tracker:
        raise OSError("disk full")

    tracker = BackgroundTracker(start, timeout=10)
    tracker.log({"loss": 1.0}, 1)
    tracker.finish()
    assert capsys.readouterr().err == "tracking: off, it cannot start (OSError: disk full)\n"


def test_a_hanging_service_takes_no_time_and_bounded_memory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "MAX_PENDING", 10)
    released = threading.Event()
    fake = Fake(released.wait)
    tracker = BackgroundTracker(lambda: fake, timeout=0.3)
    start = time.perf_counter()
    for step in range(1000):
        tracker.log({"loss": 1.0}, step)
    assert time.perf_counter() - start < 0.5
    tracker.finish()
    assert time.perf_counter() - start < 2
    dropped, unfinished = capsys.readouterr().err.splitlines()
    assert dropped == "tracking: log dropped, the service is too slow"
    assert "not finished after 0.3 s" in unfinished
    released.set()


def test_nested_metrics_are_flattened() -> None:
    assert wandb.flatten({"a": 1, "val": {"clean": {"f1": 0.5}}}) == {"a": 1, "val/clean/f1": 0.5}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mode": "maybe"}, "tracking.mode = 'maybe': must be one of auto, online, offline"),
        ({"project": "a/b"}, "tracking.project = 'a/b': must be a name without any of"),
        ({"timeout": 0.0}, "tracking.timeout = 0.0: must be from 1 to 3600"),
    ],
)
def test_invalid_settings_name_the_key(changed: dict, message: str) -> None:
    with pytest.raises(InputError) as error:
        WandbConfig(**changed)
    assert str(error.value).startswith(message)


def test_no_tracking_needs_no_wandb(tmp_path: Path) -> None:
    tracker = open_tracker(NoTrackingConfig(), TrackedRun(tmp_path, {}))
    tracker.log({"loss": 1.0}, 1)
    tracker.finish()
    assert type(tracker) is Tracker and not list(tmp_path.iterdir())


@pytest.fixture
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in list(os.environ):
        if name.startswith("WANDB_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return tmp_path / "netrc"


def test_the_mode_depends_on_the_login(
    no_login: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mode(**changed: Any) -> str:
        return wandb.choose_mode(WandbConfig(**changed))

    assert mode() == "offline"
    assert capsys.readouterr().err == ""
    assert mode(mode="online") == "offline"
    assert "needs a login" in capsys.readouterr().err
    no_login.write_text("machine api.wandb.ai\n  login user\n  password secret\n")
    no_login.chmod(0o600)
    assert mode() == "online" == mode(mode="online")
    assert mode(mode="offline") == "offline"
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert mode() == "offline"
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert mode() == "online"
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert mode() == "disabled"
    assert mode(mode="online") == "online"
    no_login.write_text("not a netrc file")
    monkeypatch.delenv("WANDB_API_KEY")
    assert not wandb.has_login()


TWO_RUNS = """
import sys
from pathlib import Path
from PIL import Image
from vitrina.training.trackers.base import TrackedRun, open_tracker
from vitrina.training.trackers.config import WandbConfig

config = WandbConfig(tags=["tag"], timeout=6)
for name in ("one", "two"):
    folder = Path(name)
    folder.mkdir()
    Image.new("RGB", (4, 4)).save(folder / "scores.png")
    (folder / "best.safetensors").write_bytes(b"weights of " + name.encode())
    run = TrackedRun(folder, {"seed": 1, "a": {"b": None}}, "group", ["model=vtr"])
    tracker = open_tracker(config, run)
    for step in range(5):
        tracker.log({"loss": 1 / (step + 1), "val": {"f1": 0.5}}, step)
    tracker.log_summary({"test": {"clean": {"f1": 0.875}}})
    tracker.log_table("test", ["suite", "f1"], [["clean", 0.875]])
    tracker.log_image(folder / "scores.png")
    tracker.log_artifact(folder / "best.safetensors")
    tracker.finish(0)
"""


@pytest.mark.parametrize("server", ["none", "refuses"])
def test_two_runs_of_a_process_are_recorded_offline_without_a_prompt(
    tmp_path: Path, server: str
) -> None:
    """Without a login, and with a login whose server refuses connections."""
    done = without_login(
        TWO_RUNS, tmp_path, server="http://127.0.0.1:9" if server == "refuses" else None
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""  # wandb prints nothing
    lines = done.stderr.splitlines()
    for name in ("one", "two"):
        hint = (
            f"tracking: recorded offline; to send it later: wandb sync {name}/wandb/offline-run-*"
        )
        assert lines.count(hint) == 1, done.stderr
        [recorded] = (tmp_path / name / "wandb").glob("offline-run-*/run-*.wandb")
        content = recorded.read_bytes()
        for part in (b"loss", b"val/f1", b"test/clean/f1", b"model=vtr", b"tag", name.encode()):
            assert part in content, part
        other = b"two" if name == "one" else b"one"
        assert b"weights of " + other not in content
        assert (tmp_path / name / "wandb-id.txt").read_text() in recorded.name
    unreachable = [line for line in lines if "cannot record online" in line]
    assert len(unreachable) == (2 if server == "refuses" else 0)
    assert len(lines) == 2 + len(unreachable), done.stderr
    assert not list((tmp_path / "home").glob("**/*wandb*"))


def without_login(
    program: str, folder: Path, *, server: str | None
) -> subprocess.CompletedProcess[str]:
    """Run a Python program without a login, or with an API key for `server`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
    environment |= {"HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    environment |= {"NETRC": str(folder / "netrc"), "OMP_NUM_THREADS": "1"}
    if server is not None:
        environment |= {"WANDB_BASE_URL": server, "WANDB_API_KEY": "0" * 40}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
