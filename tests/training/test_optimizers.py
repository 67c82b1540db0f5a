"""Learning rate schedule, weight decay, sparse gradients and clipping."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.optim import SparseAdam

from tests.training.test_loop import ADAMW, settings
from vitrina.training.distributed import DistributedContext
from vitrina.training.optimizers import build_adamw, build_schedules, clip_gradient, rate_at


@pytest.mark.parametrize("num_steps", [1, 7, 100])
def test_the_learning_rate_rises_and_falls(num_steps: int) -> None:
    config = settings(warmup=0.1, min_lr_ratio=0.01)
    rates = [rate_at(config, num_steps, step) for step in range(num_steps)]
    assert all(0 < rate <= 1 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    if num_steps == 100:
        assert top == 10 and max(rates) == pytest.approx(1, abs=0.02)
        assert rates[-1] == pytest.approx(0.01, abs=0.001)


def test_all_groups_follow_the_schedule_from_any_step() -> None:
    config, num_steps = settings(warmup=0.3), 10
    for first in (0, 4):
        model = nn.ModuleList([nn.Linear(4, 4), nn.Embedding(5, 4, sparse=True)])
        optimizers = build_adamw(ADAMW, model)
        schedules = build_schedules(config, optimizers, num_steps, first)
        for step in range(first, num_steps):
            wanted = ADAMW.learning_rate * rate_at(config, num_steps, step)
            groups = [group for each in optimizers for group in each.param_groups]
            assert {group["lr"] for group in groups} == {wanted}
            for optimizer, each in zip(optimizers, schedules, strict=True):
                optimizer.step()
                each.step()


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_every_parameter_is_trained_once_and_only_matrices_decay(sparse: bool) -> None:
    model = nn.ModuleDict(
        {
            "table": nn.Embedding(9, 4, sparse=sparse),
            "linear": nn.Linear(4, 4),
            "convolution": nn.Conv1d(4, 4, 3),
        }
    )
    config = replace(ADAMW, weight_decay=0.5)
    groups = [group for each in build_adamw(config, model) for group in each.param_groups]
    seen = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(seen) == sorted(map(id, model.parameters()))
    decayed = {id(p) for group in groups if group.get("weight_decay") for p in group["params"]}
    assert decayed == {id(model["linear"].weight), id(model["convolution"].weight)}


def test_sparse_adam_updates_only_the_rows_of_a_batch() -> None:
    torch.manual_seed(0)
    tables = [nn.Embedding(6, 3, sparse=sparse) for sparse in (True, False)]
    tables[1].load_state_dict(tables[0].state_dict())
    before = tables[0].weight.detach().clone()
    touched, targets = torch.tensor([4, 1, 1]), torch.randn(5, 3, 3)
    for table in tables:
        (optimizer,) = build_adamw(ADAMW, nn.Sequential(table))[-1:]
        assert isinstance(optimizer, SparseAdam) == table.sparse
        for target in targets:
            (table(touched) - target).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    torch.testing.assert_close(tables[0].weight, tables[1].weight, atol=1e-6, rtol=1e-5)
    changed = (tables[0].weight != before).all(dim=1)
    assert changed.nonzero().flatten().tolist() == [1, 4]


def test_a_sparse_gradient_is_clipped_like_a_dense_one() -> None:
    found = []
    for sparse in (True, False):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Embedding(9, 4, sparse=sparse), nn.Linear(4, 1))
        for ids in ([1, 1, 5], [5, 2]):  # accumulate two parts of a batch
            (model(torch.tensor(ids)) * 100).sum().backward()
        total = torch.ones(())
        DistributedContext().all_reduce_gradients(model, total)
        clip_gradient(model, 1.0)
        gradients = [p.grad.to_dense() for p in model.parameters() if p.grad is not None]
        assert torch.nn.utils.get_total_norm(gradients).item() == pytest.approx(1, rel=1e-4)
        found.append(gradients)
    for sparse_gradient, dense_gradient in zip(*found, strict=True):
        torch.testing.assert_close(sparse_gradient, dense_gradient)


def test_only_long_gradients_are_clipped() -> None:
    model = nn.Linear(10, 1, bias=False)
    for length, kept in ((100.0, 1.0), (0.5, 0.5)):
        model.weight.grad = torch.full((1, 10), length / 10**0.5)
        clip_gradient(model, 1.0)
        assert model.weight.grad.norm().item() == pytest.approx(kept, rel=1e-4)
    model.weight.grad = torch.full((1, 10), 100.0)
    clip_gradient(model, None)
    assert model.weight.grad.max() == 100
