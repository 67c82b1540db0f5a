"""Checkpoints: saving, loading, error messages, and safety."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from vitrina.errors import InputError
from vitrina.files import write_tensors
from vitrina.training.checkpoints import (
    TrainState,
    load_training,
    load_weights,
    save_training,
    save_weights,
)


def model(width: int = 3) -> nn.Module:
    torch.manual_seed(width)
    return nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))


def test_weights_and_buffers_are_restored(tmp_path: Path) -> None:
    path, first, second = tmp_path / "w.safetensors", model(), model()
    first(torch.randn(8, 2))
    save_weights(path, first)
    load_weights(path, second)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_a_training_is_restored(tmp_path: Path) -> None:
    path, first = tmp_path / "t.safetensors", model()
    optimizer = torch.optim.AdamW(first.parameters(), 0.1)
    first(torch.randn(8, 2)).sum().backward()
    optimizer.step()
    state = TrainState(step=3, seconds=1.5, best_score=0.25, validations=[{"step": 3, "f1": 0.5}])
    save_training(path, first, [optimizer], state)
    second = model()
    other = torch.optim.AdamW(second.parameters(), 0.1)
    assert load_training(path, second, [other]) == state
    wanted, found = optimizer.state_dict()["state"], other.state_dict()["state"]
    assert wanted.keys() == found.keys()
    for index, state in wanted.items():
        assert all(torch.equal(value, found[index][name]) for name, value in state.items())


def test_channels_last_weights_resume_exactly(tmp_path: Path) -> None:
    """Fused steps require equal memory layouts of weights and states."""
    x = torch.randn(4, 3, 5, 5)

    def build() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        convolution = nn.Conv2d(3, 6, 3).to(memory_format=torch.channels_last)  # pyright: ignore
        return convolution, torch.optim.AdamW(convolution.parameters(), 0.1, fused=True)

    def step(convolution: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        convolution(x).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    uninterrupted, stopped, resumed = build(), build(), build()
    step(*uninterrupted)
    step(*stopped)
    save_training(tmp_path / "t.safetensors", stopped[0], [stopped[1]], TrainState(step=1))
    load_training(tmp_path / "t.safetensors", resumed[0], [resumed[1]])
    for pair in (uninterrupted, resumed):
        step(*pair)
    assert torch.equal(uninterrupted[0].weight, resumed[0].weight)


def test_a_sparse_optimizer_is_restored_with_integer_steps(tmp_path: Path) -> None:
    tables = [nn.Embedding(5, 2, sparse=True) for _ in range(2)]
    first, second = (torch.optim.SparseAdam(table.parameters(), 0.1) for table in tables)
    tables[0](torch.tensor([1, 3])).sum().backward()
    first.step()
    save_training(tmp_path / "t.safetensors", tables[0], [first], TrainState(step=1))
    load_training(tmp_path / "t.safetensors", tables[1], [second])
    (wanted,), (found,) = (each.state_dict()["state"].values() for each in (first, second))
    assert found["step"] == wanted["step"] == 1 and type(found["step"]) is int
    for name in ("exp_avg", "exp_avg_sq"):
        assert torch.equal(found[name], wanted[name])


class Malicious:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_a_pickle_is_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.safetensors"
    path.write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(InputError, match=r"evil\.safetensors: not a checkpoint"):
        load_weights(path, model())
    torch.save({"model.0.weight": Malicious()}, path)
    with pytest.raises(InputError, match="not a checkpoint"):
        load_weights(path, model())
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no such checkpoint"),
        (lambda path: path.write_bytes(b""), "not a checkpoint"),
        (lambda path: path.write_bytes(path.read_bytes()[:100]), "not a checkpoint"),
        (lambda path: save_file({"x": torch.zeros(1)}, path), r"not a checkpoint \(no sha256"),
        (
            lambda path: write_tensors(path, {"x": torch.zeros(1)}, {}),
            "format none; this version reads format 4 only",
        ),
        (
            lambda path: save_weights(path, model(4)),
            r"another model \(0\.bias is \(4,\), not \(3,\)\)",
        ),
        (lambda path: save_weights(path, nn.Linear(2, 3)), r"another model \(lacks 0\.bias\)"),
    ],
)
def test_invalid_files_are_refused_in_one_line(tmp_path: Path, damage, message: str) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, model())
    damage(path)
    with pytest.raises(InputError, match=message) as error:
        load_weights(path, model())
    assert "\n" not in str(error.value) and str(path) in str(error.value)


def test_a_file_of_weights_cannot_be_resumed(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, model())
    with pytest.raises(InputError, match="contains no training state"):
        load_training(path, model(), [])
