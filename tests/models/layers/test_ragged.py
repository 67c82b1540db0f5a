"""Ragged operations equal a loop over texts."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from vitrina.models.layers.ragged import Line, Ragged, pad, pool_max_mean, round_up

lengths_of_texts = st.lists(st.integers(1, 40), min_size=1, max_size=8)


def random_ragged(lengths: list[int], width: int) -> Ragged:
    torch.manual_seed(len(lengths) * 1000 + sum(lengths))
    return Ragged(torch.randn(sum(lengths), width), np.array(lengths))


@given(lengths_of_texts, st.sampled_from([1, 3, 5, 7, 9]), st.sampled_from([1, 2, 3]))
@settings(max_examples=80)
def test_convolution_equals_each_text_alone(lengths: list[int], kernel: int, stride: int) -> None:
    x = random_ragged(lengths, 4)
    weight = torch.randn(6, 4, kernel)
    line = Line.plan(x.lengths, kernel // 2, stride, torch.device("cpu"))
    singles = [
        F.conv1d(part.t()[None], weight, padding=kernel // 2)[0].t()
        for part in x.values.split(lengths)
    ]
    found = line.convolve(x.values, weight)
    torch.testing.assert_close(found, torch.cat(singles), atol=1e-5, rtol=1e-5)


@given(lengths_of_texts, st.integers(1, 9), st.sampled_from([1, 2, 3, 4]))
@settings(max_examples=80)
def test_windows_equal_each_text_alone(lengths: list[int], kernel: int, stride: int) -> None:
    stride = min(stride, kernel)  # windows cover the line
    x = random_ragged(lengths, 4)
    weight, bias = torch.randn(6, 4, kernel), torch.randn(6)
    counts = 1 + np.maximum(0, -(-(x.lengths - kernel) // stride))
    line = Line.plan(x.lengths, kernel + stride, stride, torch.device("cpu"), counts)
    singles = []
    for part, count in zip(x.values.split(lengths), counts.tolist(), strict=True):
        part = F.pad(part, (0, 0, 0, kernel))
        cut = [part[i * stride : i * stride + kernel].t() for i in range(count)]
        singles.append(torch.einsum("dck,nck->nd", weight, torch.stack(cut)) + bias)
    cut = line.cut(x.values, kernel)
    found = line.windows(x.values, weight, bias)
    torch.testing.assert_close(
        found.values, torch.einsum("dck,nkc->nd", weight, cut.values) + bias, atol=1e-4, rtol=1e-4
    )
    assert found.lengths.tolist() == counts.tolist()
    torch.testing.assert_close(found.values, torch.cat(singles), atol=1e-4, rtol=1e-4)


@given(lengths_of_texts, st.sampled_from([1, 2]), st.integers(1, 4))
@settings(max_examples=80)
def test_windows_max_pool_neighbors(lengths: list[int], step: int, pool: int) -> None:
    x, kernel = random_ragged(lengths, 4), 5
    before = (kernel - step) // 2
    weight, bias = torch.randn(6, 4, kernel), torch.randn(6)
    line = Line.plan(x.lengths, kernel + step * pool, step * pool, torch.device("cpu"))
    singles = []
    for part in x.values.split(lengths):
        count = -(-len(part) // (step * pool)) * pool
        padded = F.pad(part.t(), (before, step * count + kernel))[None]
        each = F.conv1d(padded, weight, bias, stride=step)[0, :, :count]
        singles.append(each.unflatten(1, (-1, pool)).amax(2).t())
    found = line.windows(x.values, weight, bias, before=before, pool=pool)
    torch.testing.assert_close(found.values, torch.cat(singles), atol=1e-4, rtol=1e-4)


@given(lengths_of_texts, st.integers(0, 4), st.sampled_from([1, 2, 3, 5]))
@settings(max_examples=80)
def test_pool_max_equals_each_text_alone(lengths: list[int], radius: int, stride: int) -> None:
    x = random_ragged(lengths, 4)
    pooled = Line.plan(x.lengths, radius, stride, torch.device("cpu")).pool_max(x.values)
    singles = [
        torch.stack([piece.max(0).values for piece in part.split(stride)])
        for part in x.values.split(lengths)
    ]
    assert pooled.lengths.tolist() == [len(single) for single in singles]
    assert torch.equal(pooled.values, torch.cat(singles))


@given(lengths_of_texts)
@settings(max_examples=50)
def test_max_mean_pooling_equals_each_text_alone(lengths: list[int]) -> None:
    x = random_ragged(lengths, 3)
    parts = x.values.split(lengths)
    wanted = torch.stack([torch.cat([p.max(0).values, p.mean(0)]) for p in parts])
    torch.testing.assert_close(pool_max_mean(x), wanted)


@given(lengths_of_texts)
@settings(max_examples=50)
def test_gathering_padded_values_restores_them(lengths: list[int]) -> None:
    x = random_ragged(lengths, 3)
    padded, mask, index = pad(x)
    assert mask.sum(1).tolist() == lengths
    assert torch.equal(padded.flatten(0, 1)[index], x.values)
    assert torch.equal(padded[mask], x.values)
    assert padded[~mask].abs().sum() == 0


def test_max_mean_pooling_passes_gradients() -> None:
    x = torch.randn(7, 3, dtype=torch.float32, requires_grad=True)
    pool_max_mean(Ragged(x, np.array([3, 4]))).sum().backward()
    assert x.grad is not None and (x.grad > 0).any()


@pytest.mark.parametrize("size", [1, 64, 65, 1000, 4097, 123_457])
def test_rounding_up_adds_at_most_an_eighth(size: int) -> None:
    rounded = round_up(size)
    assert size <= rounded <= max(64, size * 9 / 8)


def test_rounding_up_returns_few_values() -> None:
    assert len({round_up(size) for size in range(1, 100_000)}) < 100
