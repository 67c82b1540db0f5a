"""The moving average of the weights: what it is, who sees it, and how it is resumed."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tests.training.test_loop import StopAfter, build, settings, weights
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.training.averaging import WeightAverage
from vitrina.training.checkpoints import TrainState, load_training, load_weights, save_training
from vitrina.training.interruption import Interrupted


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


@pytest.mark.parametrize("decay", [0.3, 0.999])
def test_it_equals_averaging_number_by_number(decay: float) -> None:
    torch.manual_seed(0)
    trained = model()
    average = WeightAverage(trained, decay)
    expected: dict[str, list[float]] = {}
    for step in range(30):
        with torch.no_grad():
            for parameter in trained.parameters():
                parameter.normal_()
        trained(torch.randn(4, 2))  # moves the statistics of the normalisation
        average.update(step)
        kept = min(decay, (1 + step) / (10 + step)) if step else 0.0
        for name, tensor in trained.state_dict().items():
            values = tensor.flatten().tolist()
            before = expected[name] if step else values
            expected[name] = [
                kept * a + (1 - kept) * b for a, b in zip(before, values, strict=True)
            ]
    for name, tensor in average.state_dict().items():
        if name.endswith("num_batches_tracked"):
            assert tensor == 30
        else:
            assert tensor.flatten().tolist() == pytest.approx(expected[name], abs=1e-5)


def test_how_the_weights_began_does_not_matter() -> None:
    trained = model()
    average = WeightAverage(trained, 0.9)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.normal_()
    average.update(0)
    assert all(torch.equal(average.state_dict()[k], v) for k, v in trained.state_dict().items())


def test_the_model_holds_the_average_for_a_time_only() -> None:
    trained = model()
    average = WeightAverage(trained, 0.9)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(1)
    trained(torch.randn(4, 2))
    averaged = {k: v.clone() for k, v in average.state_dict().items()}
    live = {k: v.clone() for k, v in trained.state_dict().items()}
    with pytest.raises(KeyError), average.in_place():
        assert all(torch.equal(averaged[k], v) for k, v in trained.state_dict().items())
        raise KeyError
    assert all(torch.equal(live[k], v) for k, v in trained.state_dict().items())
    assert all(torch.equal(averaged[k], v) for k, v in average.state_dict().items())


def test_the_average_is_validated_and_kept_and_does_not_disturb_the_training(
    tmp_path: Path,
) -> None:
    plain, averaging = build(tmp_path / "a", settings()), build(tmp_path / "b", settings(ema=0.9))
    seen: list[dict[str, torch.Tensor]] = []
    scores = iter([0.5, 0.7, 0.6, 0.4])

    def validate() -> dict[str, float]:
        seen.append(weights(averaging))
        return {"score": next(scores)}

    averaging.validate = validate
    plain.run()
    averaging.run()
    assert averaging.average is not None
    assert all(torch.equal(weights(plain)[k], v) for k, v in weights(averaging).items())
    assert all(torch.equal(seen[-1][k], v) for k, v in averaging.average.state_dict().items())
    assert any(not torch.equal(seen[-1][k], v) for k, v in weights(averaging).items())
    last = load_file(averaging.last)
    for name, value in weights(averaging).items():
        assert torch.equal(last[f"model.{name}"], value)
        assert torch.equal(last[f"average.{name}"], seen[-1][name])
    load_weights(averaging.best, averaging.model)
    assert all(torch.equal(seen[1][k], v) for k, v in weights(averaging).items())


@pytest.mark.parametrize("stop_at", [1, 8])
@pytest.mark.parametrize("sparse", [False, True], ids=["whole", "sparse"])
def test_a_resumed_average_is_that_of_an_undisturbed_training(
    tmp_path: Path, stop_at: int, sparse: bool
) -> None:
    changes = settings(ema=0.9)
    undisturbed = build(tmp_path / "a", changes, sparse=sparse)
    undisturbed.run()
    with pytest.raises(Interrupted):
        build(tmp_path / "b", changes, sparse=sparse).run(StopAfter(stop_at))
    resumed = build(tmp_path / "b", changes, sparse=sparse)
    assert resumed.resume()
    resumed.run()
    for kept in ("last", "best"):
        wanted, found = (load_file(getattr(each, kept)) for each in (undisturbed, resumed))
        assert wanted.keys() == found.keys()
        assert all(torch.equal(found[name], value) for name, value in wanted.items())


def test_a_checkpoint_without_an_average(tmp_path: Path) -> None:
    """It loads where none is wanted, and is told where one is; nothing is half loaded."""
    path, trained = tmp_path / "last.safetensors", model()
    save_training(path, trained, [], TrainState(step=3))
    assert load_training(path, model(), []).step == 3
    other = model()
    before = {k: v.clone() for k, v in other.state_dict().items()}
    lacks = r"the checkpoint of another model \(lacks the average of 0.bias\)"
    with pytest.raises(InputError, match=lacks):
        load_training(path, other, [], WeightAverage(other, 0.9))
    assert all(torch.equal(before[k], v) for k, v in other.state_dict().items())


def test_a_checkpoint_with_an_average_loads_where_none_is_wanted(tmp_path: Path) -> None:
    path, trained, other = tmp_path / "last.safetensors", model(), model()
    average = WeightAverage(trained, 0.9)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(1)
    save_training(path, trained, [], TrainState(step=3), average)
    load_training(path, other, [])
    assert all(torch.equal(trained.state_dict()[k], v) for k, v in other.state_dict().items())
    other = model()
    load_weights(path, other)
    assert all(torch.equal(trained.state_dict()[k], v) for k, v in other.state_dict().items())


@pytest.mark.parametrize("value", ["0", "1", "1.5"])
def test_a_wrong_decay_is_told(value: str) -> None:
    with pytest.raises(InputError) as told:
        compose_config([f"training.ema={value}"])
    wanted = f"training.ema = {float(value)}: must be between 0 and 1, or null"
    assert str(told.value) == wanted
