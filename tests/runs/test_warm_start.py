"""Warm starts: which weights are taken, what is reported and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.cli.test_main import main
from tests.conftest import PLAIN, SMALL, small_run, training_that_dies
from vitrina import config as configuration
from vitrina.config import compose_config, to_dict
from vitrina.data.dataset import load_dataset
from vitrina.errors import InputError
from vitrina.models.model import Model
from vitrina.noise.corpus import Corpus
from vitrina.runs.warm_start import WarmStart, WeightTransfer
from vitrina.state import FittedState
from vitrina.tasks.build import build_model, build_task, fit
from vitrina.text.batch import TextBatch
from vitrina.training.checkpoints import read_weights

NARROW = ("encoder.dim=32", "dataset.num_comments=120", "evaluation.suites=[clean]")
READS = ("ocr=ctc", "ocr.dim=24", "ocr.min_count=5")
INIT_FROM = "model.init_from"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was pre-trained with OCR and masking."""
    folder = tmp_path_factory.mktemp("source") / "run"
    small_run(folder, *NARROW, *READS, "task=pretraining", "training.steps=2", "seed=7")
    return folder


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pre-trained model of windows."""
    folder = tmp_path_factory.mktemp("windows") / "run"
    tiny = ("model=vtr", "embedder.channels=[4,8]", "embedder.dim=32", "training.steps=1")
    few = ("dataset.limit_test=6", "dataset.limit_val=6", "training.batch_size=8")
    small_run(folder, *NARROW, *tiny, *few, "task=pretraining")
    return folder


def warm_started(folder: Path, *overrides: str) -> tuple[Model, WeightTransfer, FittedState]:
    """Return a model that starts from the run in `folder`, the transfer and the fitted state."""
    model = [] if any(each.startswith("model=") for each in overrides) else [PLAIN]
    config = compose_config([*model, *SMALL, *NARROW, f"{INIT_FROM}={folder}", *overrides])
    origin = WarmStart.of(config)
    assert origin is not None
    dataset = load_dataset(config.dataset, config.seed, config.task.label_rules())
    texts = dataset.train.texts
    fitted = fit(config, dataset, Corpus(texts, lambda: texts), origin.fitted(config))
    model = build_model(config, fitted, build_task(config, fitted))
    start = origin.start(config, fitted, model)
    start.load(model)
    return model, start, fitted


def equal(state: dict[str, Tensor], there: dict[str, Tensor], part: str) -> bool:
    names = [name for name in state if name.startswith(part)]
    assert names
    return all(torch.equal(state[name], there[name]) for name in names)


def line_of(start: WeightTransfer, part: str) -> str:
    (line,) = [line for line in start.lines if line.startswith(f"  {part}:")]
    return line.strip()


def test_weights_fitted_state_and_alphabet_are_taken(source: Path) -> None:
    model, start, fitted = warm_started(source, *READS, "dataset.corpus_seed=5")
    there = read_weights(source / "checkpoints" / "best.safetensors")
    state = model.state_dict()
    assert all(equal(state, there, part) for part in ("embedder.", "encoder.", "ctc_head."))
    given = FittedState.load(source / "state.safetensors")
    for name in ("embedder.mean", "embedder.projection"):
        assert np.array_equal(fitted.arrays[name], given.arrays[name])
    assert fitted.texts["ocr.characters"] == given.texts["ocr.characters"]
    numbers = sum(p.numel() for p in model.encoder.parameters())
    assert line_of(start, "encoder") == f"encoder: 24 of 24 tensors taken, {numbers:,} parameters"
    assert line_of(start, "embedder").endswith("with its fitted state (mean, projection)")
    assert line_of(start, "ctc_head").endswith("with its alphabet")
    assert line_of(start, "head") == "head: not taken, task.kind = 'pretraining' there"
    assert start.lines[-1] == "  unused: mask (1 tensors)"


def test_a_pretraining_takes_head_and_mask(source: Path) -> None:
    model, start, _ = warm_started(source, *READS, "task=pretraining")
    assert equal(model.state_dict(), read_weights(source / "checkpoints" / "best.safetensors"), "")
    assert len(start.taken) == len(model.state_dict())


def test_an_embedder_with_other_fitted_settings_is_not_taken(source: Path) -> None:
    model, start, fitted = warm_started(source, "embedder.shrinkage=0.1")
    there = read_weights(source / "checkpoints" / "best.safetensors")
    assert not equal(model.state_dict(), there, "embedder.network.0.weight")
    assert equal(model.state_dict(), there, "encoder.")
    assert line_of(start, "embedder") == "embedder: not taken, embedder.shrinkage = 0.05 there"
    given = FittedState.load(source / "state.safetensors").arrays["embedder.projection"]
    assert not np.array_equal(fitted.arrays["embedder.projection"], given)


def test_tensors_of_another_shape_or_name_are_reported_and_not_taken(source: Path) -> None:
    model, start, _ = warm_started(source, "encoder.kernels=[3,3,7,9]")
    there, state = read_weights(source / "checkpoints" / "best.safetensors"), model.state_dict()
    assert equal(state, there, "encoder.blocks.0.") and equal(state, there, "encoder.blocks.2.")
    line = line_of(start, "encoder")
    assert "23 of 30 tensors taken" in line
    assert "encoder.blocks.1.convolution.weight (32 × 32 × 5 there, 32 × 32 × 3 here)" in line
    assert "encoder.blocks.3.convolution.weight (missing there)" in line and "and 2 more" in line


def test_a_ctc_head_with_other_settings_is_not_taken_nor_its_alphabet(source: Path) -> None:
    _, start, fitted = warm_started(source, *READS, "ocr.dim=16", "ocr.min_count=40")
    assert line_of(start, "ctc_head") == "ctc_head: not taken, ocr.dim = 24 there"
    there = FittedState.load(source / "state.safetensors").texts["ocr.characters"]
    assert len(fitted.texts["ocr.characters"]) < len(there)
    _, start, _ = warm_started(source)
    assert "ctc_head (14 tensors)" in start.lines[-1]


def test_an_embedder_is_taken_with_and_without_word_pooling(source: Path, tmp_path: Path) -> None:
    model, start, _ = warm_started(source, "task=labeling", "encoder=cnn_words")
    there, state = read_weights(source / "checkpoints" / "best.safetensors"), model.state_dict()
    inner = {name.replace("embedder.inner.", "embedder."): state[name] for name in state}
    assert all(torch.equal(inner[name], there[name]) for name in there if "embedder." in name)
    assert line_of(start, "words") == "words: not taken, that run has none"
    assert "encoder.stem.convolution.weight (32 × 128 × 5 there, 32 × 256" in start.lines[3]
    labels = ("task=labeling", "encoder=cnn_words", "training.steps=1", "dataset.limit_test=20")
    small_run(tmp_path / "words", *NARROW, *labels)
    model, start, _ = warm_started(tmp_path / "words", "encoder.stride=1")
    there = read_weights(tmp_path / "words" / "checkpoints" / "best.safetensors")
    outer = {name.replace("embedder.inner.", "embedder."): there[name] for name in there}
    assert equal(model.state_dict(), outer, "embedder.linear")
    assert "words (" in start.lines[-1]


def test_a_head_is_taken_if_the_labels_are_equal(trained: Path) -> None:
    wide = ("encoder.dim=192",)
    model, start, _ = warm_started(trained, *wide)
    there = read_weights(trained / "checkpoints" / "best.safetensors")
    assert equal(model.state_dict(), there, "head.") and len(start.lines) == 4
    _, start, _ = warm_started(trained, *wide, "task.labels=[1,0]")
    assert line_of(start, "head") == "head: not taken, its labels are 0, 1"


def test_a_model_of_windows_starts_from_one(windows: Path) -> None:
    tiny = ("model=vtr", "embedder.channels=[4,8]", "embedder.dim=32")
    model, start, _ = warm_started(windows, *tiny, "embedder.stride_px=8")
    there = read_weights(windows / "checkpoints" / "best.safetensors")
    assert equal(model.state_dict(), there, "embedder.") and equal(
        model.state_dict(), there, "encoder."
    )
    assert "fitted state" not in line_of(start, "embedder")


def refused(*overrides: str) -> str:
    with pytest.raises(InputError) as error:
        warm_started(Path(overrides[0]), *overrides[1:])
    assert "\n" not in str(error.value)
    return str(error.value)


def test_runs_without_fitting_weights_are_refused(
    source: Path, windows: Path, tmp_path: Path
) -> None:
    message = refused(str(windows))
    assert message.startswith(
        f"model.init_from = '{windows}': none of its weights fits (embedder: "
    )
    assert "embedder.kind = 'slices' there" in message and "encoder.kind = 'transformer'" in message
    message = refused(str(tmp_path))
    assert message.startswith(
        f"model.init_from = '{tmp_path}': must be the folder of a trained run ("
    )
    shutil.copytree(source, tmp_path / "copy")
    weights = tmp_path / "copy" / "checkpoints" / "best.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-5] ^= 1
    weights.write_bytes(damaged)
    assert "best.safetensors: checksum mismatch" in refused(str(tmp_path / "copy"))
    weights.unlink()
    assert "no such checkpoint" in refused(str(tmp_path / "copy"))


def train_from(source: Path, folder: Path, *more: str) -> dict[str, Any]:
    steps = ("training.steps=4", "training.validate_every=0.25", "training.batch_size=16")
    return small_run(folder, *NARROW, *steps, f"{INIT_FROM}={source}", *more)


def scores(metrics: dict[str, Any]) -> Sequence[float]:
    return [metrics["test"]["clean"][name] for name in ("f1", "roc_auc", "average_precision")]


def test_a_warm_start_resumes_and_refuses_other_weights(
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(source, copy)
    whole = train_from(copy, tmp_path / "whole")
    assert "encoder: 24 of 24 tensors taken" in capsys.readouterr().out
    assert (
        len(json.loads((tmp_path / "whole" / "record.json").read_text())["hashes"][INIT_FROM]) == 64
    )
    with training_that_dies(2):
        train_from(copy, tmp_path / "died")
    weights = copy / "checkpoints" / "best.safetensors"
    before = weights.read_bytes()
    weights.write_bytes((copy / "checkpoints" / "last.safetensors").read_bytes())
    with pytest.raises(InputError, match="must have the weights that this run was trained with"):
        train_from(copy, tmp_path / "died", "resume=true")
    weights.write_bytes(before)
    capsys.readouterr()
    again = train_from(copy, tmp_path / "died", "resume=true")
    output = capsys.readouterr().out
    assert "resuming from step 2" in output and "tensors taken" not in output
    np.testing.assert_equal(scores(again), scores(whole))


def test_the_command_line_starts_from_a_pretrained_model(windows: Path, tmp_path: Path) -> None:
    tiny = ["model=vtr", "embedder.channels=[4,8]", "embedder.dim=32", "training.steps=1"]
    few = ["dataset.limit_test=6", "dataset.limit_val=6", "training.batch_size=8"]
    given = [*SMALL, *NARROW, *tiny, *few, f"{INIT_FROM}={windows}", "hydra.run.dir=run"]
    done = main(*given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"starting from {windows}\n  embedder: " in done.stdout
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["choices"]["model"] == "vtr" and INIT_FROM in record["hashes"]
    assert f"{INIT_FROM}={windows}" in record["overrides"]


def test_frozen_parts_do_not_change(source: Path, tmp_path: Path) -> None:
    frozen = [f"{INIT_FROM}={source}", "model.frozen=[embedder]"]
    small_run(tmp_path / "run", *NARROW, "training.steps=3", *frozen)
    there = read_weights(source / "checkpoints" / "best.safetensors")
    state = read_weights(tmp_path / "run" / "checkpoints" / "best.safetensors")
    assert equal(state, there, "embedder.")
    assert not equal(state, there, "encoder.blocks.0.convolution.weight")


def test_frozen_parts_run_in_evaluation_mode(windows: Path) -> None:
    tiny = ("model=vtr", "embedder.channels=[4,8]", "embedder.dim=32")
    model, _, _ = warm_started(windows, *tiny)
    inputs = model.embedder.tokenizer(TextBatch.from_strings(["слово", "и другое"]))
    model.eval()
    scored = model.embedder(inputs).values
    model.freeze(["embedder"])
    model.train()
    assert model.encoder.training and not any(m.training for m in model.embedder.modules())
    values = model.embedder(inputs).values
    assert torch.equal(values, scored) and not values.requires_grad


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["model.frozen=[embedder]"],
            r" = \['embedder'\]: must be \[\] unless model.init_from is set",
        ),
        (
            ["model.frozen=[head]", f"{INIT_FROM}=a"],
            r"\[0\] = 'head': must be one of embedder, encoder",
        ),
    ],
)
def test_parts_that_cannot_be_frozen_are_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=r"model\.frozen" + message):
        compose_config(overrides)


def test_parts_that_are_not_taken_whole_cannot_be_frozen(source: Path) -> None:
    model, start, _ = warm_started(source, "encoder.kernels=[3,3,7,9]")
    start.require_whole(["embedder"], model)
    with pytest.raises(InputError) as error:
        start.require_whole(["embedder", "encoder"], model)
    message = "model.frozen = ['embedder', 'encoder']: must be parts that are taken whole from "
    assert str(error.value).startswith(message + "model.init_from (encoder: 23 of 30 tensors taken")


def test_init_from_and_the_preset_share_the_group_model() -> None:
    config = compose_config(["model=vtr", f"{INIT_FROM}=a_run"])
    assert (config.embedder.kind, config.model.init_from) == ("slices", "a_run")
    assert compose_config().model.init_from is None
    with pytest.raises(
        InputError, match=r"model\.init_from = '': must be a text that is not empty"
    ):
        compose_config([f"{INIT_FROM}="])


def test_errors_of_the_group_model_name_allowed_keys() -> None:
    values = to_dict(compose_config())
    with pytest.raises(InputError, match=r"model\.from: unknown key; allowed: frozen, init_from"):
        configuration.from_dict(values | {"model": {"from": "a"}})
    with pytest.raises(InputError, match=r"model = 'a': must be"):
        configuration.from_dict(values | {"model": "a"})
