from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from vitrina.errors import InputError
from vitrina.tasks.losses import (
    binary_loss,
    binary_weights,
    class_loss,
    class_weights,
    cross_entropy,
)

RANDOM = np.random.default_rng(1)
LOGITS = torch.tensor(RANDOM.normal(size=(12, 3)) * 2, dtype=torch.float32)
LABELS = torch.tensor(RANDOM.integers(0, 3, 12))
SETS = torch.tensor(RANDOM.random((12, 3)) < 0.4)
WEIGHTS = torch.tensor([0.5, 1.0, 4.0])
PAIRS = torch.tensor([[1.0, 3.0], [0.5, 1.0], [2.0, 0.7]])


def slow_focal(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, gamma: float) -> float:
    total = 0.0
    for row, label in zip(logits.astype(np.float64), labels, strict=True):
        p = np.exp(row[label]) / np.exp(row).sum()
        total -= weights[label] * (1 - p) ** gamma * np.log(p)
    return total


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_loss_equals_its_definition(gamma: float) -> None:
    found = class_loss(LOGITS, LABELS, WEIGHTS, smoothing=0.0, gamma=gamma)
    expected = slow_focal(LOGITS.numpy(), LABELS.numpy(), WEIGHTS.numpy(), gamma)
    assert float(found) == pytest.approx(expected, rel=1e-5)
    # Two classes with the logits 0 and z equal one binary label with the logit z.
    z = LOGITS[:, :1]
    both = class_loss(
        torch.cat([torch.zeros_like(z), z], dim=1),
        SETS[:, 0].long(),
        PAIRS[0],
        smoothing=0.0,
        gamma=gamma,
    )
    binary = binary_loss(z, SETS[:, :1], PAIRS[:1], smoothing=0.0, gamma=gamma)
    assert float(both) == pytest.approx(float(binary), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_gamma_0_is_cross_entropy(smoothing: float) -> None:
    targets = F.one_hot(LABELS, 3) * (1 - smoothing) + smoothing / 3
    general = cross_entropy(LOGITS.log_softmax(1), targets, WEIGHTS, 0.0)
    found = class_loss(LOGITS, LABELS, WEIGHTS, smoothing=smoothing, gamma=0.0)
    assert float(found) == pytest.approx(float(general), rel=1e-5)
    smooth = SETS * (1 - smoothing) + smoothing / 2
    plain = F.binary_cross_entropy_with_logits(LOGITS, smooth, reduction="sum")
    ones = torch.ones(3, 2)
    assert float(binary_loss(LOGITS, SETS, ones, smoothing=smoothing, gamma=0.0)) == pytest.approx(
        float(plain), rel=1e-5
    )


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("kind", ["classes", "sets"])
def test_gradients_of_parts_sum_to_that_of_the_batch(kind: str, gamma: float) -> None:
    def gradient(parts: list[slice]) -> torch.Tensor:
        logits = LOGITS.clone().requires_grad_()
        for part in parts:
            if kind == "classes":
                loss = class_loss(logits[part], LABELS[part], WEIGHTS, smoothing=0.1, gamma=gamma)
            else:
                loss = binary_loss(logits[part], SETS[part], PAIRS, smoothing=0.1, gamma=gamma)
            loss.backward()
        assert logits.grad is not None
        return logits.grad

    whole = gradient([slice(None)])
    torch.testing.assert_close(gradient([slice(0, 1), slice(1, 5), slice(5, 12)]), whole)


def test_saturated_logits_have_finite_gradients() -> None:
    logits = torch.tensor([[200.0, -200.0]]).requires_grad_()
    targets = torch.tensor([[True, True]])
    loss = binary_loss(logits, targets, torch.ones(2, 2), smoothing=0.0, gamma=0.5)
    loss.backward()
    assert torch.isfinite(loss) and logits.grad is not None and torch.isfinite(logits.grad).all()
    assert logits.grad[0, 1] < -0.5


def test_balanced_weights() -> None:
    labels = np.array([0] * 70 + [1] * 25 + [3] * 5)
    counts = np.bincount(labels)
    found = class_weights("balanced", ["a", "b", "c", "d"], counts)
    assert found == pytest.approx([100 / 210, 100 / 75, 1, 100 / 15])
    assert found[labels].mean() == pytest.approx(1)
    pairs = binary_weights("balanced", ["a", "b", "c"], np.array([25, 0, 100]), 100)
    assert pairs[0] == pytest.approx([100 / 150, 2.0])
    assert pairs[1:].tolist() == [[1, 1], [1, 1]]  # no text has the label, every text has it


def test_weights_by_name() -> None:
    counts = np.array([5, 5])
    assert class_weights({"b": 3, 0: 2}, ["0", "b"], counts).tolist() == [2, 3]
    assert class_weights("none", ["0", "b"], counts).tolist() == [1, 1]
    assert binary_weights({"b": 3}, ["a", "b"], counts, 10).tolist() == [[1, 1], [1, 3]]
    with pytest.raises(InputError) as error:
        class_weights({"c": 2.0}, ["a", "b"], counts)
    assert str(error.value) == "task.class_weights.c = 2.0: must be for one of the labels a, b"
