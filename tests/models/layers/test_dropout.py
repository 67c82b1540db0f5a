import pytest
import torch

from vitrina.models.layers.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_drops_the_share_and_keeps_the_mean(p: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.ones(999, 333, dtype=dtype)
    y = Dropout(p)(x)
    assert y.dtype == dtype and y.shape == x.shape
    assert (y == 0).float().mean().item() == pytest.approx(p, abs=0.005)
    assert y.float().mean().item() == pytest.approx(1, abs=0.05)
    assert len(y.unique()) == 2


def test_gradient_passes_kept_entries() -> None:
    x = torch.ones(1000, requires_grad=True)
    y = Dropout(0.25)(x)
    y.sum().backward()
    assert x.grad is not None and torch.equal(x.grad, y.detach())


def test_decisions_are_uncorrelated() -> None:
    torch.manual_seed(0)
    kept = (Dropout(0.5)(torch.ones(100_000, 8)) > 0).float() - 0.5
    correlation = kept.T @ kept / 25_000
    assert (correlation - torch.eye(8)).abs().max() < 0.02


def test_generator_determines_the_mask() -> None:
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(Dropout(0.5)(torch.ones(100)))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_eval_mode_and_zero_drop_nothing() -> None:
    x = torch.randn(5, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
