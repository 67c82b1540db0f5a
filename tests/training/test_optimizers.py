"""Learning rates over the steps, and what weight decay touches."""

import pytest
import torch
from test_loop import ADAMW, MUON, SGD, settings
from torch import nn

from vitrina.training.optimizers import RateSchedule, build_optimizers, clip_gradient, rate_at


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "linear", "constant"])
@pytest.mark.parametrize("num_steps", [1, 7, 100])
def test_the_rate_rises_to_the_largest_and_falls(schedule: str, num_steps: int) -> None:
    config = settings(schedule=schedule, warmup=0.1, final_rate=0.01)
    rates = [rate_at(config, step, num_steps) for step in range(num_steps)]
    assert all(0 < rate <= 1 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    if num_steps == 100:
        assert top == 10 and max(rates) == pytest.approx(1, abs=0.02)
        expected = 1.0 if schedule == "constant" else 0.02
        assert rates[-1] == pytest.approx(expected, abs=0.02)


def test_rates_are_set_in_every_group_relative_to_its_own() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
    optimizers = build_optimizers(MUON, model)
    schedule = RateSchedule(settings(schedule="constant", warmup=0.5), optimizers, 10)
    for step in range(10):
        shown = schedule.set(step)
        rates = {group["lr"] for optimizer in optimizers for group in optimizer.param_groups}
        assert rates == {shown}
    assert shown == MUON.learning_rate


@pytest.mark.parametrize("config", [ADAMW, SGD, MUON], ids=lambda config: config.kind)
def test_every_parameter_is_trained_once_and_matrices_alone_decay(config) -> None:
    model = nn.ModuleDict(
        {"table": nn.Embedding(9, 4), "linear": nn.Linear(4, 4), "convolution": nn.Conv1d(4, 4, 3)}
    )
    config = type(config)(**{**config.__dict__, "weight_decay": 0.5})
    groups = [group for each in build_optimizers(config, model) for group in each.param_groups]
    seen = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(seen) == sorted(map(id, model.parameters()))
    decayed = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    assert decayed == {id(model["linear"].weight), id(model["convolution"].weight)}


def test_a_long_gradient_is_cut_and_a_short_one_left() -> None:
    model = nn.Linear(10, 1, bias=False)
    for length, kept in ((100.0, 1.0), (0.5, 0.5)):
        model.weight.grad = torch.full((1, 10), length / 10**0.5)
        clip_gradient(model, 1.0)
        assert model.weight.grad.norm().item() == pytest.approx(kept, rel=1e-4)
    model.weight.grad = torch.full((1, 10), 100.0)
    clip_gradient(model, None)
    assert model.weight.grad.max() == 100
