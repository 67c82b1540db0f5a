"""The command line: wrong settings end in one line and exit code 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


COMMAND = [sys.executable, str(ROOT / "main.py")]


def environment() -> dict[str, str]:
    without = {k: v for k, v in os.environ.items() if k != "HYDRA_FULL_ERROR"}
    return {**without, "WANDB_MODE": "offline", "COLUMNS": "200"}


def main(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run main.py outside the checkout."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


WRONG = {
    "embedder.widht=1": "embedder.widht: unknown key (did you mean width_px?); allowed: ",
    "modle=vtr": "modle: unknown key (did you mean model?); allowed: ",
    "embedder.dim=abc": "embedder.dim = 'abc': must be a whole number",
    "encoder=foo": "encoder=foo: must be one of "
    "cnn, cnn_bytes, cnn_words, mean, pretrained, transformer_base, transformer_small",
    "noise.level_toxic=7": "noise.level_toxic = 7: must be from 0 to 4",
    "task=labeling": "encoder.stride = 2: must be 1 for task=labeling, which needs a state",
    "training.epochs=0": "training.epochs = 0.0: must be above 0",
    "+embedder.new=1": "embedder.new: unknown key",
    "x=[": "'x=[' cannot be read as KEY=VALUE",
    "model=ttr_pretrained": "embedder.name = None: must be the name of a model on the Hugging Face",
    "encoder=pretrained": "encoder.name = None: must be the name of an encoder on the Hugging Face",
    "dataset=jsonl": "dataset.train = None: must be the path of the training rows",
    "task.threshold=1": "task.threshold = 1: must be between 0 and 1, both excluded, or validation",
    "device=tpu": "device = 'tpu': must be auto, cpu, cuda or cuda:N",
}


@pytest.mark.parametrize("argument", WRONG)
def test_wrong_settings_end_in_one_line(argument: str, tmp_path: Path) -> None:
    done = main(argument, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {WRONG[argument]}"), done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_all_jobs_of_a_sweep_are_checked_before_the_first_starts(tmp_path: Path) -> None:
    done = main("-m", "noise.level_toxic=0,1,9", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: noise.level_toxic = 9: must be from 0 to 4\n"
    assert list(tmp_path.iterdir()) == []


def test_environment_variable_shows_the_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "seed=-1"],
        cwd=tmp_path,
        env={**os.environ, "HYDRA_FULL_ERROR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in done.stderr and "seed = -1: must be at least 0" in done.stderr


def test_help_lists_the_groups_and_their_options(tmp_path: Path) -> None:
    done = main("--help", cwd=tmp_path)
    assert done.returncode == 0
    for line in (
        "model:       bytes, characters, ngrams, ttr, ttr_pretrained, vtr, vtr_glyphs,",
        "noise:       diacritics, families, mixed, none, published, uniform, unseen",
        "tracking:    none, wandb",
    ):
        assert line in done.stdout
    assert "schema" not in done.stdout


def test_composing_imports_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['main.py', '--cfg', 'job']\n"
        "from vitrina.cli.main import main\n"
        "try: main()\n"
        "finally: assert not {'torch', 'sklearn', 'matplotlib', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("task:")


def test_folder_that_cannot_be_created_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = main("hydra.run.dir=file/run", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "file" in done.stderr and "Not a directory" in done.stderr
