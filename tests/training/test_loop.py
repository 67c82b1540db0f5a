"""Training loop: learning, exact resume, early stopping, gradient accumulation."""

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from vitrina.errors import InputError
from vitrina.models.layers.ragged import Ragged, pool_max_mean
from vitrina.models.model import Model
from vitrina.models.token_batch import TokenBatch
from vitrina.tasks.targets import Targets
from vitrina.tasks.training_source import TrainingSource
from vitrina.training.checkpoints import load_weights
from vitrina.training.config import AdamWConfig, OptimizerConfig, TrainingConfig
from vitrina.training.interruption import Interrupted
from vitrina.training.loop import Training
from vitrina.training.prefetch import Prefetcher

LENGTHS = np.random.default_rng(0).integers(1, 30, size=100)
ADAMW = AdamWConfig(learning_rate=0.01)


def settings(**changes: object) -> TrainingConfig:
    values = {
        "epochs": 4.0,
        "batch_size": 16,
        "max_tokens": 10_000,
        "bucket_batches": 3,
        "precision": "fp32",
        "warmup": 0.2,
        "metric": "f1",
        "checkpoint_seconds": 1e9,
        "log_every": 3,
    }
    return TrainingConfig(**{**values, **changes})  # type: ignore[arg-type]


class Table(nn.Module):
    """A tiny embedder: a table of ids, with dropout to use the random generator."""

    def __init__(self, sparse: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 8, sparse=sparse)
        self.mix = nn.Linear(8, 8)
        self.dropout = nn.Dropout(0.2)

    def forward(self, inputs: TokenBatch) -> Ragged:
        return Ragged(self.dropout(self.mix(self.table(inputs.ids))), inputs.num_tokens)


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(16, 2)

    def forward(self, x: Ragged) -> torch.Tensor:
        return self.linear(pool_max_mean(x))


def make_batch(indices: np.ndarray, epoch: int) -> tuple[TokenBatch, Targets]:
    """Return texts with random ids in each epoch; only texts with label 1 contain id 7."""
    ids, labels = [], indices % 2
    for index in indices:
        random = np.random.default_rng([epoch, index])
        part = random.integers(8, 50, size=LENGTHS[index])
        part[random.integers(len(part))] = 7 if index % 2 else 8
        ids.append(part)
    lengths = LENGTHS[indices]
    return TokenBatch(torch.from_numpy(np.concatenate(ids)), lengths, lengths), Targets(labels)


def build(
    folder: Path,
    config: TrainingConfig,
    optimizer: OptimizerConfig = ADAMW,
    *,
    sparse: bool = False,
) -> Training:
    torch.manual_seed(0)
    model = Model(Table(sparse), nn.Identity(), Head())  # type: ignore[arg-type]

    def loss(output: torch.Tensor, targets: Targets) -> torch.Tensor:
        return nn.functional.cross_entropy(
            output, torch.from_numpy(targets.labels), reduction="sum"
        )

    def validate() -> dict[str, float]:
        model.eval()
        with torch.no_grad():
            inputs, targets = make_batch(np.arange(100), 999)
            right = model(inputs).argmax(1).numpy() == targets.labels
        model.train()
        return {"score": float(right.mean())}

    texts = TrainingSource(lambda epoch: LENGTHS, make_batch)
    folder.mkdir(exist_ok=True)
    return Training(config, optimizer, model, loss, texts, validate, folder=folder, seed=5)


def weights(training: Training) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in training.model.state_dict().items()}


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_training_learns(tmp_path: Path, sparse: bool) -> None:
    training = build(tmp_path, settings(epochs=30.0), sparse=sparse)
    state = training.run()
    assert state.step == 30 * 7
    assert state.num_texts == 3000
    assert state.best_score is not None and state.best_score > 0.85


def test_prefetching_changes_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = build(tmp_path / "direct", settings())
    direct.run()

    def in_background(make, **_):
        return Prefetcher(make, in_background=True)

    monkeypatch.setattr("vitrina.training.loop.Prefetcher", in_background)
    prefetched = build(tmp_path / "prefetched", settings())
    prefetched.run()
    assert all(torch.equal(weights(direct)[k], v) for k, v in weights(prefetched).items())
    assert prefetched.waiting_seconds > 0 and direct.waiting_seconds > 0


class StopAfter:
    """Sends SIGINT to the process after a number of steps."""

    def __init__(self, step: int) -> None:
        self.step_to_stop_at = step

    def step(self, state, loss, rate) -> None:
        if state.step == self.step_to_stop_at:
            os.kill(os.getpid(), signal.SIGINT)

    def log(self, row) -> None: ...


def mining(folder: Path) -> Training:
    """Return a training whose batches are made from words that it mines: a sum of its weights."""
    training = build(folder, settings())
    used: list[str] = []

    def batch(indices: np.ndarray, epoch: int) -> tuple[TokenBatch, Targets]:
        assert len(used) == (epoch > 0)
        return make_batch(indices, epoch + sum(map(int, used)))

    def mine(epoch: int) -> list[str]:
        total = sum(float(value.double().abs().sum()) for value in weights(training).values())
        return [str(epoch * 1000 + int(total * 1e6) % 1000)]

    def use(words: Sequence[str]) -> None:
        used[:] = words

    training.texts = TrainingSource(lambda epoch: LENGTHS, batch, mine, use)
    return training


@pytest.mark.parametrize("stop_at", [3, 7, 8, 17])
def test_mined_words_survive_an_interruption(tmp_path: Path, stop_at: int) -> None:
    whole = mining(tmp_path / "a")
    words = whole.run().mined
    stopped = mining(tmp_path / "b")
    with pytest.raises(Interrupted):
        stopped.run(StopAfter(stop_at))
    resumed = mining(tmp_path / "b")
    assert resumed.resume()
    assert resumed.run().mined == words
    assert all(torch.equal(weights(whole)[k], v) for k, v in weights(resumed).items())


def test_prefetching_waits_for_mining(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = mining(tmp_path / "direct")
    direct.run()

    def in_background(make, **_):
        return Prefetcher(make, in_background=True)

    monkeypatch.setattr("vitrina.training.loop.Prefetcher", in_background)
    prefetched = mining(tmp_path / "prefetched")
    prefetched.run()
    assert all(torch.equal(weights(direct)[k], v) for k, v in weights(prefetched).items())


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("stop_at", [1, 7, 8, 17])
def test_a_resumed_training_equals_an_uninterrupted_one(
    tmp_path: Path, stop_at: int, sparse: bool
) -> None:
    uninterrupted = build(tmp_path / "a", settings(), sparse=sparse)
    wanted = uninterrupted.run()
    stopped = build(tmp_path / "b", settings(), sparse=sparse)
    with pytest.raises(Interrupted):
        stopped.run(StopAfter(stop_at))
    resumed = build(tmp_path / "b", settings(), sparse=sparse)
    assert resumed.resume()
    assert resumed.state.step == stop_at
    found = resumed.run()
    for name, value in weights(uninterrupted).items():
        assert torch.equal(value, weights(resumed)[name]), name
    assert found.best_score == wanted.best_score and found.best_step == wanted.best_step
    assert found.validations == wanted.validations
    assert (tmp_path / "a/history.jsonl").read_text() == (tmp_path / "b/history.jsonl").read_text()


def test_an_incomplete_row_of_the_history_is_dropped(tmp_path: Path) -> None:
    stopped = build(tmp_path, settings())
    with pytest.raises(Interrupted):
        stopped.run(StopAfter(8))
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"step": 9, "loss": 0.')
    resumed = build(tmp_path, settings())
    resumed.resume()
    resumed.run()
    rows = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    steps = [row["step"] for row in rows if "loss" in row]
    assert steps == sorted(set(steps)) and steps[-1] == 28


def test_parts_of_a_batch_train_the_same_model(tmp_path: Path) -> None:
    models = []
    for max_tokens in (10_000, 60):
        training = build(tmp_path / str(max_tokens), settings(max_tokens=max_tokens))
        training.model.embedder.dropout = nn.Identity()
        training.run()
        models.append(weights(training))
    for name, value in models[0].items():
        torch.testing.assert_close(value, models[1][name], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("log_every", [1, 1000])
def test_a_diverged_training_ends_with_an_error_before_validation(
    tmp_path: Path, log_every: int
) -> None:
    training = build(tmp_path, settings(log_every=log_every), replace(ADAMW, learning_rate=1e30))
    with pytest.raises(
        InputError, match=r"the loss is (nan|inf) at step \d+; a lower optimizer\.le"
    ):
        training.run()
    assert training.state.step <= training.validation_steps
    assert not (tmp_path / "checkpoints" / "best.safetensors").exists()


def test_sparse_gradients_train_the_same_model(tmp_path: Path) -> None:
    models = []
    for sparse in (True, False):
        training = build(tmp_path / str(sparse), settings(max_tokens=60), sparse=sparse)
        # SparseAdam and Adam differ: only Adam updates rows that no batch contains.
        training.optimizers = [torch.optim.SGD(training.model.parameters(), 0.05)]
        training.run()
        models.append(weights(training))
    for name, value in models[0].items():
        torch.testing.assert_close(value, models[1][name], atol=1e-5, rtol=1e-4)


def test_patience_stops_the_training(tmp_path: Path) -> None:
    training = build(tmp_path, settings(epochs=50.0, patience=2))
    scores = iter([0.5, 0.7, 0.6, 0.7, 0.9])
    training.validate = lambda: {"score": next(scores)}
    state = training.run()
    assert state.stopped_early and state.step == 4 * training.steps_per_epoch
    assert state.best_step == 2 * training.steps_per_epoch


def test_the_best_weights_are_of_the_best_validation(tmp_path: Path) -> None:
    training = build(tmp_path, settings(epochs=3.0))
    seen: list[dict[str, torch.Tensor]] = []
    scores = iter([0.5, 0.7, 0.6])

    def validate() -> dict[str, float]:
        seen.append(weights(training))
        return {"score": next(scores)}

    training.validate = validate
    training.run()
    load_weights(training.best, training.model)
    assert all(torch.equal(seen[1][k], v) for k, v in training.model.state_dict().items())


def test_steps_override_epochs(tmp_path: Path) -> None:
    state = build(tmp_path, settings(steps=5)).run()
    assert state.step == 5 and len(state.validations) == 1
