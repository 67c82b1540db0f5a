"""`BucketedConv2d` equals `nn.Conv2d`."""

import pytest
import torch

from vitrina.models.layers import conv2d
from vitrina.models.layers.conv2d import BucketedConv2d
from vitrina.models.layers.ragged import round_up


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Behave as on a GPU; return the batch size of each convolution."""
    seen: list[int] = []
    plain = torch.nn.Conv2d._conv_forward

    def recording(self: torch.nn.Conv2d, x: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        seen.append(len(x))
        return plain(self, x, *rest)

    monkeypatch.setattr(conv2d, "wants_few_sizes", lambda x: True)
    monkeypatch.setattr(torch.nn.Conv2d, "_conv_forward", recording)
    return seen


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("bias", [False, True])
def test_output_and_gradient_equal_the_plain_layer(
    count: int, bias: bool, sizes: list[int]
) -> None:
    torch.manual_seed(0)
    ours = BucketedConv2d(3, 5, 3, padding=1, bias=bias)
    theirs = torch.nn.Conv2d(3, 5, 3, padding=1, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    layout = torch.channels_last
    x = torch.randn(count, 3, 4, 6).contiguous(memory_format=layout)
    found, wanted = x.clone().requires_grad_(), x.clone().requires_grad_()
    out, plain = ours(found), theirs(wanted)
    assert out.is_contiguous(memory_format=layout)
    torch.testing.assert_close(out, plain)
    gradient = torch.randn_like(out)
    out.backward(gradient)
    plain.backward(gradient)
    torch.testing.assert_close(found.grad, wanted.grad)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-4, rtol=1e-4)
    assert sizes == [round_up(count), count]


def test_few_batch_sizes_occur(sizes: list[int]) -> None:
    convolution = BucketedConv2d(1, 1, 1)
    for count in range(1000, 2000, 7):
        assert len(convolution(torch.zeros(count, 1, 2, 2))) == count
    assert len(set(sizes)) <= 9


def test_cpu_adds_no_blank_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv2d, "_filled", None)
    assert len(BucketedConv2d(1, 1, 1)(torch.zeros(7, 1, 2, 2))) == 7
