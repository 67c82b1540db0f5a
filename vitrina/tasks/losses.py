"""Weighted cross entropy and focal loss, divergences, and class weights of a training set.

Class weights are fixed before training and never normalized by the weights of a batch, so that
parts of a batch and shares of processes sum to the gradient of the whole batch.
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
    """Compute the sum over all elements of `-w q (1 - p)^gamma log p`.

    With one-hot targets this is the focal loss of Lin et al. 2017 (equation 5), and cross entropy
    if `gamma` is 0.

    Args:
        log_probabilities: float32 [..., K]; the probabilities sum to 1 over K.
        targets: float32 [..., K], target probabilities.
        weights: float32, broadcastable to [..., K].
    """
    terms = -weights * targets * log_probabilities
    if gamma > 0:
        # Above 0, where a fractional power has no finite gradient.
        missing = -torch.expm1(log_probabilities)
        terms = terms * missing.clamp(min=1e-7) ** gamma
    return terms.sum()


def class_loss(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    *,
    smoothing: float,
    gamma: float,
    of_texts: Tensor | None = None,
) -> Tensor:
    """Compute cross entropy or focal loss of single-label texts, summed over the texts.

    Args:
        logits: [B, C]. labels: int64 [B]. weights: float32 [C], class weights.
        smoothing: share of each target that is spread over all classes.
        gamma: exponent of the focal loss; 0: cross entropy.
        of_texts: float32 [B], a further weight of each text; None: all 1.
    """
    if gamma == 0:
        kind = {"weight": weights, "label_smoothing": smoothing}
        if of_texts is None:
            return F.cross_entropy(logits, labels, reduction="sum", **kind)
        return F.cross_entropy(logits, labels, reduction="none", **kind) @ of_texts
    num_classes = logits.shape[1]
    targets = F.one_hot(labels, num_classes) * (1 - smoothing) + smoothing / num_classes
    if of_texts is not None:
        weights = weights * of_texts.unsqueeze(1)
    return cross_entropy(logits.log_softmax(dim=1), targets, weights, gamma)


def binary_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, *, smoothing: float, gamma: float
) -> Tensor:
    """Compute binary cross entropy or focal loss, summed over labels and texts.

    Args:
        logits: [B, C]. targets: bool [B, C].
        weights: float32 [C, 2], weights of texts without and with each label.
        smoothing: share of each target that is spread over both outcomes.
        gamma: exponent of the focal loss; 0: binary cross entropy.
    """
    yes = targets * (1 - smoothing) + smoothing / 2
    both = torch.stack([1 - yes, yes], dim=-1)
    log_probabilities = torch.stack([F.logsigmoid(-logits), F.logsigmoid(logits)], dim=-1)
    return cross_entropy(log_probabilities, both, weights, gamma)


def class_divergence(first: Tensor, second: Tensor) -> Tensor:
    """Compute the symmetric divergence of two classifications, summed over the texts.

    It is half of KL(p‖q) + KL(q‖p), the sum over classes of (p - q)(log p - log q).

    Args:
        first, second: logits [B, C].
    """
    log_p, log_q = first.float().log_softmax(dim=1), second.float().log_softmax(dim=1)
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum() / 2


def binary_divergence(first: Tensor, second: Tensor) -> Tensor:
    """Compute the symmetric divergence of binary labels, summed over labels and texts.

    Args:
        first, second: logits [B, C].
    """
    # The difference of the log odds of two Bernoulli distributions is that of their logits.
    first, second = first.float(), second.float()
    return ((first.sigmoid() - second.sigmoid()) * (first - second)).sum() / 2


def class_weights(setting: Any, names: list[str], counts: np.ndarray) -> np.ndarray:
    """Return float32 [C], the weight of each class.

    Balanced weights are those of scikit-learn over the classes that occur; their mean over the
    training texts is 1. A class that does not occur has weight 1.

    Args:
        setting: value of `task.class_weights`.
        names: names of the classes.
        counts: int64 [C], training texts of each class.

    Raises:
        InputError: if the setting names an unknown label.

    >>> class_weights({"b": 3}, ["a", "b"], np.array([6, 2])).tolist()
    [1.0, 3.0]
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
    """Return float32 [C, 2], the weights of texts without and with each label.

    Balanced weights treat each label as two classes (see `class_weights`); a label that no text or
    every text has gets weights 1. A weight by name applies to the texts with the label.

    Args:
        counts: int64 [C], training texts with each label. num_texts: all training texts.

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
        allowed = f"for one of the labels {', '.join(names[:20])}"
        require(known, f"task.class_weights.{name}", weight, allowed)
        weights[names.index(label_name(name))] = weight
    return weights
