"""Learning rates over the steps, and what weight decay touches."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.optim import SparseAdam

from tests.training.test_loop import ADAMW, settings
from vitrina.training.distributed import DistributedContext
from vitrina.training.gradients import add_up_gradients, clip_gradient
from vitrina.training.optimizers import RateSchedule, build_optimizers, rate_at


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
    optimizers = build_optimizers(ADAMW, model)
    schedule = RateSchedule(settings(schedule="constant", warmup=0.5), optimizers, 10)
    for step in range(10):
        shown = schedule.set(step)
        rates = {group["lr"] for optimizer in optimizers for group in optimizer.param_groups}
        assert rates == {shown}
    assert shown == ADAMW.learning_rate


@pytest.mark.parametrize("sparse", [False, True], ids=["whole", "sparse"])
def test_every_parameter_is_trained_once_and_matrices_alone_decay(sparse: bool) -> None:
    model = nn.ModuleDict(
        {
            "table": nn.Embedding(9, 4, sparse=sparse),
            "linear": nn.Linear(4, 4),
            "convolution": nn.Conv1d(4, 4, 3),
        }
    )
    config = replace(ADAMW, weight_decay=0.5)
    groups = [group for each in build_optimizers(config, model) for group in each.param_groups]
    seen = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(seen) == sorted(map(id, model.parameters()))
    decayed = {id(p) for group in groups if group.get("weight_decay") for p in group["params"]}
    assert decayed == {id(model["linear"].weight), id(model["convolution"].weight)}


def test_rows_of_a_sparse_table_move_as_in_adam_and_only_where_they_are_touched() -> None:
    torch.manual_seed(0)
    tables = [nn.Embedding(6, 3, sparse=sparse) for sparse in (True, False)]
    tables[1].load_state_dict(tables[0].state_dict())
    before = tables[0].weight.detach().clone()
    touched, targets = torch.tensor([4, 1, 1]), torch.randn(5, 3, 3)
    for table in tables:
        (optimizer,) = build_optimizers(ADAMW, nn.Sequential(table))[-1:]
        assert isinstance(optimizer, SparseAdam) == table.sparse
        for target in targets:
            (table(touched) - target).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    torch.testing.assert_close(tables[0].weight, tables[1].weight, atol=1e-6, rtol=1e-5)
    map_spans = (tables[0].weight != before).all(dim=1)
    assert map_spans.nonzero().flatten().tolist() == [1, 4]


def test_a_long_sparse_gradient_is_cut_like_the_whole_one() -> None:
    found = []
    for sparse in (True, False):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Embedding(9, 4, sparse=sparse), nn.Linear(4, 1))
        for ids in ([1, 1, 5], [5, 2]):  # parts of a batch, added up
            (model(torch.tensor(ids)) * 100).sum().backward()
        total = torch.ones(())
        add_up_gradients(model, total, DistributedContext())
        clip_gradient(model, 1.0)
        gradients = [p.grad.to_dense() for p in model.parameters() if p.grad is not None]
        assert torch.nn.utils.get_total_norm(gradients).item() == pytest.approx(1, rel=1e-4)
        found.append(gradients)
    for whole, rows in zip(*found, strict=True):
        torch.testing.assert_close(whole, rows)


def test_a_long_gradient_is_cut_and_a_short_one_left() -> None:
    model = nn.Linear(10, 1, bias=False)
    for length, kept in ((100.0, 1.0), (0.5, 0.5)):
        model.weight.grad = torch.full((1, 10), length / 10**0.5)
        clip_gradient(model, 1.0)
        assert model.weight.grad.norm().item() == pytest.approx(kept, rel=1e-4)
    model.weight.grad = torch.full((1, 10), 100.0)
    clip_gradient(model, None)
    assert model.weight.grad.max() == 100
