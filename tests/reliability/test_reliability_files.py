"""A full or read-only disk and damaged or foreign files end in an error of one line."""

import json
import os
import pickle
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

import vitrina
from tests.cli.test_main import main
from tests.conftest import SMALL, small_run
from vitrina.cli.sweep import report_sweep
from vitrina.config import Config, compose_config
from vitrina.errors import InputError
from vitrina.experiment import run
from vitrina.reports.formats import terminal
from vitrina.reports.table import run_table
from vitrina.runs.folder import PATIENCE_SECONDS, lock
from vitrina.runs.plan import Job
from vitrina.state import FittedState

NGRAMS = (
    *("model=ngrams", "embedder.num_buckets=2000", "embedder.dim=8"),
    *("dataset.num_comments=150", "dataset.limit_test=30"),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of a small model."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    small_run(folder, *NGRAMS)
    return folder


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a tmpfs with the given options."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    done: list[Path] = []

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            found = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            pytest.skip(f"no mount: {error}")
        if found.returncode:
            pytest.skip(f"a tmpfs cannot be mounted: {found.stderr.strip()}")
        done.append(folder)
        return folder

    yield mount
    for each in done:
        subprocess.run(["umount", str(each)], check=True)


def test_a_full_disk_is_reported_and_the_run_resumes_later(
    mounted: Callable[[str], Path], finished: Path
) -> None:
    disk = mounted("size=4m")
    often = ["training.checkpoint_seconds=0", "training.batch_size=16", "training.epochs=1"]
    given = [*SMALL, *NGRAMS, *often, "hydra.run.dir=run"]
    checkpoint = finished.joinpath("checkpoints/last.safetensors").stat().st_size
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    # The first checkpoint to resume from fits, the second does not.
    fitted = finished.joinpath("state.safetensors").stat().st_size
    (disk / "ballast").write_bytes(b"x" * max(free - fitted - int(1.6 * checkpoint) - 30_000, 0))
    done = main(*given, cwd=disk)
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    assert "/run/checkpoints/" in line and line.endswith("(No space left on device)"), line
    assert not list(disk.glob("run/**/.*.tmp"))
    saved = disk / "run" / "checkpoints" / "last.safetensors"
    assert saved.exists()
    (disk / "ballast").unlink()
    again = main(*given, "resume=true", cwd=disk)
    assert again.returncode == 0, again.stderr
    assert "resuming from step" in again.stdout
    assert (disk / "run" / "metrics.json").exists()


def test_a_read_only_folder_is_refused(mounted: Callable[[str], Path]) -> None:
    disk = mounted("size=1m,ro")
    with pytest.raises(InputError) as error:
        small_run(disk / "run", *NGRAMS)
    assert str(error.value) == f"{disk / 'run'}: cannot be created (Read-only file system)"
    with pytest.raises(InputError, match=r"cannot be written \(Read-only file system\)$"):
        small_run(disk, *NGRAMS)


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/run: cannot be created \(Not a directory\)"):
        small_run(tmp_path / "file" / "run", *NGRAMS)


class Malicious:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("executed"),))


def flip(data: bytes, place: float) -> bytes:
    index = int(place * len(data))
    return data[:index] + bytes([data[index] ^ 4]) + data[index + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "a bit in the middle": lambda data: flip(data, 0.5),
    "a bit near the end": lambda data: flip(data, 0.999),
    "a bit in the header": lambda data: flip(data, 0.0005),
    "a pickle": lambda data: pickle.dumps(Malicious()),
}
READ = ("state.safetensors", "checkpoints/best.safetensors", "config.yaml")


@pytest.mark.parametrize("name", READ)
def test_damaged_files_of_a_run_are_refused_and_not_executed(
    name: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    whole = (folder / name).read_bytes()
    for what, damage in DAMAGE.items():
        if name == "config.yaml" and what.startswith(("a bit", "truncated")):
            continue  # text that may still be a configuration
        (folder / name).write_bytes(damage(whole))
        with pytest.raises(InputError) as error:
            vitrina.load(folder)
        assert len(str(error.value).splitlines()) == 1, what
        assert str(folder / name) in str(error.value), what
    assert not (tmp_path / "executed").exists()


def test_pickles_are_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("rows.jsonl", "rows.csv", "tokenizer.json", "clusters.json", "words.txt"):
        (tmp_path / name).write_bytes(pickle.dumps(Malicious()))
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    for name in ("config.json", "pytorch_model.bin", "model.safetensors"):
        (encoder / name).write_bytes(pickle.dumps(Malicious()))
    wrong = [
        ["dataset=jsonl", "dataset.train=rows.jsonl"],
        ["dataset=csv", "dataset.train=rows.csv"],
        ["dataset=ok", "dataset.train=rows.jsonl"],
        ["model=ttr", "embedder.tokenizer=tokenizer.json"],
        ["noise=uniform", "noise.level_toxic=4", "noise.clusters=clusters.json"],
        ["noise=published", "noise.lexicon=words.txt"],
        ["encoder=pretrained", "encoder.name=encoder", "model=vtr_glyphs"],
    ]
    for number, overrides in enumerate(wrong):
        demo = SMALL[:1] if not any("dataset=" in each for each in overrides) else ()
        with pytest.raises(InputError) as error:
            run(compose_config([*demo, *SMALL[1:], *overrides]), tmp_path / f"run{number}")
        assert len(str(error.value).splitlines()) == 1, overrides
    assert not (tmp_path / "executed").exists()


def test_fitted_state_of_another_model_is_refused(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    FittedState().save(folder / "state.safetensors")
    with pytest.raises(InputError, match="fitted state of another model"):
        vitrina.load(folder)


@pytest.fixture(scope="module")
def resuming() -> Config:
    return compose_config([*SMALL, *NGRAMS, "resume=true"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["test", "train", "choices", "overrides", "seconds", "clean", "f1"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
CONTENTS = st.binary(max_size=30) | JSON.map(lambda value: json.dumps(value).encode())


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(record=CONTENTS, metrics=CONTENTS, history=CONTENTS)
def test_any_record_and_metrics_are_shown_or_refused(
    tmp_path: Path, resuming: Config, record: bytes, metrics: bytes, history: bytes
) -> None:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    (folder / "record.json").write_bytes(record)
    (folder / "metrics.json").write_bytes(metrics)
    (folder / "history.jsonl").write_bytes(history)
    with (tmp_path / "shown").open("w", encoding="utf-8", errors="replace") as file:
        Console(file=file).print(terminal(run_table([folder]), 80))
    with pytest.raises(InputError) as error:
        run(resuming, folder)
    assert len(str(error.value).splitlines()) == 1
    assert str(folder) in str(error.value)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=40)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.sampled_from([b"a: !!python/object/apply:os.getcwd []", b"task: ${oc.env:X}", b"[" * 9999])
)
def test_any_damaged_configuration_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "config.yaml").write_bytes(data)
    with pytest.raises(InputError) as error:
        vitrina.load(tmp_path)
    assert len(str(error.value).splitlines()) == 1


def test_a_damaged_checkpoint_is_reported_and_the_previous_one_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [*NGRAMS, "training.batch_size=16", "training.checkpoint_seconds=0"]
    wanted = small_run(tmp_path / "undisturbed", *given)
    stop_at(5, monkeypatch)
    folder = tmp_path / "run"
    with pytest.raises(ZeroDivisionError):
        small_run(folder, *given)
    monkeypatch.undo()
    last, previous = (folder / "checkpoints" / f"{n}.safetensors" for n in ("last", "previous"))
    last.write_bytes(flip(last.read_bytes(), 0.9))
    capsys.readouterr()
    found = small_run(folder, *given, "resume=true")
    output = capsys.readouterr().out
    assert f"{last}: checksum mismatch" in output
    assert f"resuming from the checkpoint before it, {previous}" in output
    assert "resuming from step 4" in output
    assert found["val"] == wanted["val"]
    rows = [(tmp_path / name / "history.jsonl").read_text() for name in ("undisturbed", "run")]
    assert rows[0] == rows[1]
    assert not previous.exists()


def test_without_a_valid_checkpoint_the_newest_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [*NGRAMS, "training.batch_size=16", "training.checkpoint_seconds=0"]
    stop_at(3, monkeypatch)
    with pytest.raises(ZeroDivisionError):
        small_run(tmp_path, *given)
    for name in ("last", "previous"):
        (tmp_path / "checkpoints" / f"{name}.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"last\.safetensors: not a checkpoint"):
        small_run(tmp_path, *given, "resume=true")


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a training fail in the step after `step` steps."""
    from vitrina.training.loop import Training

    whole = Training.step

    def failing(self: Training, batch: Any) -> Any:
        return whole(self, batch) if self.state.step < step else 1 / 0

    monkeypatch.setattr(Training, "step", failing)


def test_a_clock_set_back_changes_nothing(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [2e9]

    def backwards() -> float:
        now[0] -= 1000.0
        return now[0]

    monkeypatch.setattr(time, "time", backwards)
    monkeypatch.setattr(time, "time_ns", lambda: int(backwards() * 1e9))
    found = small_run(tmp_path / "run", *NGRAMS)
    assert found["train"]["seconds"] > 0 and found["train"]["fit_seconds"] > 0
    assert found["val"] == json.loads((finished / "metrics.json").read_text())["val"]


def test_the_run_with_the_highest_number_counts(tmp_path: Path) -> None:
    names = ("vtr-0123abcd", "vtr-0123abcd-2", "vtr-0123abcd-10")
    for age, name in enumerate(names):
        (tmp_path / name).mkdir()
        (tmp_path / name / "record.json").write_text("{}", encoding="utf-8")
        os.utime(tmp_path / name, (2e9 - age, 2e9 - age))  # the clock jumped back
    jobs = [Job("0123abcd", names[0], [])]
    (tmp_path / names[0] / "metrics.json").write_text("{}", encoding="utf-8")
    assert not report_sweep(tmp_path, jobs)
    (tmp_path / names[2] / "metrics.json").write_text("{}", encoding="utf-8")
    assert report_sweep(tmp_path, jobs)


def test_one_of_many_parallel_runs_gets_the_lock(tmp_path: Path) -> None:
    barrier, won, lost = Barrier(6), [], []

    def start(number: int) -> None:
        barrier.wait()
        try:
            with lock(tmp_path / "run"):
                won.append(number)
                time.sleep(3 * PATIENCE_SECONDS)
        except InputError as error:
            lost.append(str(error))

    threads = [Thread(target=start, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and len(lost) == 5
    assert all("another process is running in this folder" in line for line in lost)


def test_temporary_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    for name in (".metrics.json.ab.tmp", "checkpoints/.last.safetensors.x.tmp", "own.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with lock(tmp_path):
        left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {".lock", "own.tmp"}
