"""Weighted cross entropy and focal loss, divergences, and the weights that a training set gives.

A weight belongs to a label and is fixed before training. It is never divided by the weights of a
batch, so that parts of batches and shares of processes add up to the gradient of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.nn import functional as F

from vitrina.data.fields import label_name
from vitrina.errors import require


def cross_entropy(
    log_probabilities: Tensor, targets: Tensor, weights: Tensor, gamma: float
) -> Tensor:
    """The sum over everything of `-w q (1 - p)^gamma log p`.

    With one-hot targets and `gamma` above 0 it is the focal loss of Lin et al. 2017 (equation 5),
    with 0 cross entropy.

    Args:
        log_probabilities: float32 [..., K], of the K things of which one is true; they add up to 1.
        targets: float32 [..., K], probability of being true.
        weights: float32 [..., K] or what broadcasts to it.
    """
    terms = -weights * targets * log_probabilities
    if gamma > 0:
        # Above 0, where the power of a fraction would have no gradient.
        missing = -torch.expm1(log_probabilities)
        terms = terms * missing.clamp(min=1e-7) ** gamma
    return terms.sum()


def class_loss(
    logits: Tensor, labels: Tensor, weights: Tensor, *, smoothing: float, gamma: float
) -> Tensor:
    """One class for each text, added up over the texts.

    Args:
        logits: [B, C]. labels: int64 [B]. weights: float32 [C].
        smoothing: share of each target that is spread over all classes.
    """
    if gamma == 0:
        kind = {"weight": weights, "label_smoothing": smoothing}
        return F.cross_entropy(logits, labels, reduction="sum", **kind)
    num_classes = logits.shape[1]
    targets = F.one_hot(labels, num_classes) * (1 - smoothing) + smoothing / num_classes
    return cross_entropy(logits.log_softmax(dim=1), targets, weights, gamma)


def binary_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, *, smoothing: float, gamma: float
) -> Tensor:
    """Each label said or not, added up over labels and texts.

    Args:
        logits: [B, C]. targets: bool [B, C].
        weights: float32 [C, 2], of texts without and with each label.
        smoothing: share of each target that is spread over both, with and without.
    """
    yes = targets * (1 - smoothing) + smoothing / 2
    both = torch.stack([1 - yes, yes], dim=-1)
    log_probabilities = torch.stack([F.logsigmoid(-logits), F.logsigmoid(logits)], dim=-1)
    return cross_entropy(log_probabilities, both, weights, gamma)


def class_divergence(first: Tensor, second: Tensor) -> Tensor:
    """Symmetric divergence of two classifications, added up over the texts.

    Half of KL(p‖q) + KL(q‖p), which is half of the sum over the classes of (p - q)(log p - log q).

    Args:
        first, second: logits [B, C].
    """
    log_p, log_q = first.float().log_softmax(dim=1), second.float().log_softmax(dim=1)
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum() / 2


def binary_divergence(first: Tensor, second: Tensor) -> Tensor:
    """Symmetric divergence of labels that are each said or not, added up over labels and texts.

    Args:
        first, second: logits [B, C].
    """
    # The log odds of two such distributions differ as their logits do.
    first, second = first.float(), second.float()
    return ((first.sigmoid() - second.sigmoid()) * (first - second)).sum() / 2


def class_weights(setting: Any, names: list[str], counts: np.ndarray) -> np.ndarray:
    """float32 [C], the weight of each class.

    Balanced weights are those of scikit-learn over the classes that occur, so that their mean over
    the training texts is 1; a class that does not occur weighs 1.

    Args:
        setting: `task.class_weights`.
        names: of the classes.
        counts: int64 [C], training texts of each.

    Raises:
        InputError: if it gives a weight to a label that is not one.
    """
    if setting == "balanced":
        weights, present = np.ones(len(counts), dtype=np.float32), np.flatnonzero(counts)
        labels = np.repeat(np.arange(len(counts)), counts)
        weights[present] = compute_class_weight("balanced", classes=present, y=labels)
        return weights
    return _given(setting, names)


def binary_weights(
    setting: Any, names: list[str], counts: np.ndarray, num_texts: int
) -> np.ndarray:
    """float32 [C, 2], the weights of texts without and with each label.

    Balanced, each label is two classes as in `class_weights`, a label that no text or every text
    has is left alone; a weight by name is that of the texts with the label.

    Args:
        counts: int64 [C], training texts that have each label. num_texts: all of them.

    Raises:
        InputError: as `class_weights`.
    """
    if setting == "balanced":
        pairs = np.stack([num_texts - counts, counts], axis=1)
        return np.stack([_balanced_pair(pair) for pair in pairs])
    with_label = _given(setting, names)
    return np.stack([np.ones_like(with_label), with_label], axis=1)


def _balanced_pair(counts: np.ndarray) -> np.ndarray:
    if not counts.all():
        return np.ones(2, dtype=np.float32)
    return class_weights("balanced", [], counts)


def _given(setting: Any, names: list[str]) -> np.ndarray:
    weights = np.ones(len(names), dtype=np.float32)
    for name, weight in setting.items() if isinstance(setting, Mapping) else ():
        known = label_name(name) in names
        allowed = f"of a label, which are {', '.join(names[:20])}"
        require(known, f"task.class_weights.{name}", weight, allowed)
        weights[names.index(label_name(name))] = weight
    return weights
