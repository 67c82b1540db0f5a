"""Batch normalisation over processes, against torch's own in double precision."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vitrina.models.layers import normalization
from vitrina.models.layers.normalization import BatchNorm


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if several processes trained, the others of which have no texts."""
    monkeypatch.setattr(normalization.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(normalization.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(normalization.dist, "all_reduce", lambda tensor: None)


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize("shape", [(50, 4), (9, 4, 6, 8)])
def test_it_equals_torchs_form(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    mine, theirs = BatchNorm(4), nn.SyncBatchNorm(4).double()
    nn.init.normal_(mine.weight)
    nn.init.normal_(mine.bias)
    x = torch.randn(shape) * 3 + 100  # a mean far from 0 tells a careless variance
    x_mine, x_theirs = x.clone().requires_grad_(), x.double().requires_grad_()
    state = [theirs.running_mean, theirs.running_var, mine.weight.double(), mine.bias.double()]
    expected = F.batch_norm(x_theirs, *state, training=True, momentum=0.1)
    found = mine(x_mine)
    torch.testing.assert_close(found, expected.float(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(mine.running_mean, theirs.running_mean.float())
    torch.testing.assert_close(mine.running_var, theirs.running_var.float())
    (found.square().sum() + found.sin().sum()).backward()
    (expected.square().sum() + expected.sin().sum()).backward()
    torch.testing.assert_close(x_mine.grad, x_theirs.grad.float(), atol=1e-3, rtol=1e-3)


@pytest.mark.usefixtures("together")
def test_many_pixels_lose_no_digits() -> None:
    x = torch.zeros(465, 8, 16, 32)
    x[:, :, 4:12, ::3] = torch.rand(465, 8, 8, 11) * 2 + 0.3
    x = x.contiguous(memory_format=torch.channels_last)
    exact = F.batch_norm(x.double(), None, None, training=True)
    assert (BatchNorm(8)(x) - exact).abs().max() < 1e-5


def test_alone_it_is_torchs_own() -> None:
    x = torch.randn(20, 4)
    assert torch.equal(BatchNorm(4)(x), nn.BatchNorm1d(4)(x))
    trained = BatchNorm(4)
    trained(x)
    assert torch.equal(
        trained.eval()(x), F.batch_norm(x, trained.running_mean, trained.running_var)
    )
