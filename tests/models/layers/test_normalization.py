"""Synchronized batch normalization equals torch's in double precision."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vitrina.models.layers import normalization
from vitrina.models.layers.normalization import BatchNorm


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a second process without texts."""
    monkeypatch.setattr(normalization.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(normalization.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(normalization.dist, "all_reduce", lambda tensor: None)


@pytest.mark.usefixtures("two_processes")
@pytest.mark.parametrize("shape", [(50, 4), (9, 4, 6, 8)])
def test_synchronized_norm_equals_torch(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    ours, theirs = BatchNorm(4), nn.SyncBatchNorm(4).double()
    nn.init.normal_(ours.weight)
    nn.init.normal_(ours.bias)
    x = torch.randn(shape) * 3 + 100  # a mean far from 0 exposes an imprecise variance
    x_ours, x_theirs = x.clone().requires_grad_(), x.double().requires_grad_()
    state = [theirs.running_mean, theirs.running_var, ours.weight.double(), ours.bias.double()]
    expected = F.batch_norm(x_theirs, *state, training=True, momentum=0.1)
    found = ours(x_ours)
    torch.testing.assert_close(found, expected.float(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean.float())
    torch.testing.assert_close(ours.running_var, theirs.running_var.float())
    (found.square().sum() + found.sin().sum()).backward()
    (expected.square().sum() + expected.sin().sum()).backward()
    torch.testing.assert_close(x_ours.grad, x_theirs.grad.float(), atol=1e-3, rtol=1e-3)


@pytest.mark.usefixtures("two_processes")
def test_many_pixels_do_not_lose_precision() -> None:
    x = torch.zeros(465, 8, 16, 32)
    x[:, :, 4:12, ::3] = torch.rand(465, 8, 8, 11) * 2 + 0.3
    x = x.contiguous(memory_format=torch.channels_last)
    exact = F.batch_norm(x.double(), None, None, training=True)
    assert (BatchNorm(8)(x) - exact).abs().max() < 1e-5


def test_single_process_norm_equals_torch() -> None:
    x = torch.randn(20, 4)
    assert torch.equal(BatchNorm(4)(x), nn.BatchNorm1d(4)(x))
    trained = BatchNorm(4)
    trained(x)
    assert torch.equal(
        trained.eval()(x), F.batch_norm(x, trained.running_mean, trained.running_var)
    )
