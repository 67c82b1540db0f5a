"""Batches of a training: a function of (seed, epoch), so that a resumed run sees the same ones."""

from __future__ import annotations

import numpy as np


def epoch_batches(
    lengths: np.ndarray, batch_size: int, bucket_batches: int, *, seed: int, epoch: int
) -> list[np.ndarray]:
    """Return the batches of one pass over the texts: shuffled, but with texts of similar length.

    The texts are shuffled, sorted by length within pools of `bucket_batches` batches, cut into
    batches, and the batches are shuffled.

    Args:
        lengths: int64 [num_texts], any measure of length.
        batch_size: texts in a batch; only the last one of the last pool may hold fewer.

    Returns:
        int64 arrays of indices; together each text once.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    pool_size = batch_size * bucket_batches
    batches = []
    for start in range(0, len(order), pool_size):
        pool = order[start : start + pool_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]
