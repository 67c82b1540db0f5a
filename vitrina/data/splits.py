"""Splits without leakage: near-duplicates and groups stay in one split.

Two texts are near-duplicates if their lower-case letters are equal. Rows that are linked by
near-duplicates or groups, directly or indirectly, form a component; all rows of a component are in
the same split.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from vitrina.text.batch import NUM_CODE_POINTS, TextBatch, pieces

_LETTERS = re.compile(r"[^\W\d_]+")


def near_duplicate_hashes(texts: TextBatch) -> np.ndarray:
    """Return uint64 [num_texts], equal for near-duplicates; texts without letters stay whole."""
    digests = (_letter_digests(texts.part(*piece)) for piece in pieces(texts.offsets))
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _letter_digests(texts: TextBatch) -> bytes:
    """Return eight bytes per text."""
    strings = texts.to_strings()
    lowered = TextBatch.from_strings([text.lower() for text in strings])
    kept = _letters()[lowered.code_points]
    bounds = np.append(0, np.cumsum(kept))[lowered.offsets] * 4  # bytes in `letters`
    letters = lowered.code_points[kept].tobytes()
    return b"".join(
        hashlib.blake2b(
            letters[start:end] or text.encode("utf-32-le", "surrogatepass"), digest_size=8
        ).digest()
        for text, (start, end) in zip(strings, pairwise(bounds.tolist()), strict=True)
    )


@cache
def _letters() -> np.ndarray:
    """Return bool [0x110000]: letters of regular expressions, which include Roman numerals (Ⅳ)."""
    letters = np.zeros(NUM_CODE_POINTS, dtype=bool)
    every = np.arange(NUM_CODE_POINTS, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    for run in _LETTERS.finditer(every):
        letters[run.start() : run.end()] = True
    return letters


def components(keys: Sequence[np.ndarray]) -> np.ndarray:
    """Find the connected components of rows that share keys.

    Args:
        keys: arrays [num_rows]; rows with an equal value in one array are linked.

    Returns:
        int64 [num_rows]: component of each row, numbered from 0 by first row.
    """
    rows = np.arange(len(keys[0]))
    linked = []  # first row with the same key, for each row
    for values in keys:
        _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
        linked.append(first[inverse])
    ends = np.tile(rows, len(keys)), np.concatenate(linked)
    links = coo_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(len(rows), len(rows)))
    return connected_components(links, directed=False)[1].astype(np.int64)


def assign(
    labels: np.ndarray, component: np.ndarray, fractions: Sequence[float], seed: int
) -> np.ndarray:
    """Assign components to splits so that every split gets its share of the rows of each label.

    The order of components is random, larger ones first. Each component goes to the split that
    lacks most rows of its labels. `StratifiedGroupKFold` of scikit-learn supports only shares of
    1/k and needs 27 s for 100,000 rows (this function 0.1 s).

    Args:
        labels: int64 [num_rows].
        component: int64 [num_rows], numbered from 0.
        fractions: the share of each split; the sum is 1.
        seed: seed of the order.

    Returns:
        int64 [num_rows]: index into `fractions`.
    """
    num_labels = int(labels.max()) + 1
    sizes = np.bincount(component)
    # Existing pairs only, because label sets can be numerous.
    pairs, counts = np.unique(component * num_labels + labels, return_counts=True)
    owner, label_of_pair = np.divmod(pairs, num_labels)
    first_pair = np.searchsorted(owner, np.arange(len(sizes) + 1)).tolist()
    members = list(zip(label_of_pair.tolist(), counts.tolist(), strict=True))
    order = np.random.default_rng([seed, 1]).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    lacking = [[total * share for share in fractions] for total in np.bincount(labels).tolist()]
    split = np.zeros(len(sizes), dtype=np.int64)
    for i in order.tolist():
        own = members[first_pair[i] : first_pair[i + 1]]
        lack = lacking[own[0][0]]
        if len(own) > 1:
            weighted = [[count * each for each in lacking[label]] for label, count in own]
            lack = [sum(column) for column in zip(*weighted, strict=True)]
        chosen = lack.index(max(lack))
        split[i] = chosen
        for label, count in own:
            lacking[label][chosen] -= count
    return split[component]


def stratified_sample(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Sample `size` rows with every label at its share of all rows and at least once.

    Args:
        labels: int64 [num_rows].
        size: number of rows, from the number of distinct labels to num_rows.

    Returns:
        int64 [size], ascending row indices.
    """
    distinct, counts = np.unique(labels, return_counts=True)
    assert len(distinct) <= size <= len(labels), (len(distinct), size, len(labels))
    ideal = counts * (size / len(labels))
    quota = np.maximum(np.floor(ideal).astype(np.int64), 1)
    while quota.sum() < size:
        quota[np.argmax(np.where(quota < counts, ideal - quota, -np.inf))] += 1
    while quota.sum() > size:
        quota[np.argmax(np.where(quota > 1, quota - ideal, -np.inf))] -= 1
    random = np.random.default_rng([seed, 2])
    chosen = [
        random.permutation(np.flatnonzero(labels == label))[:number]
        for label, number in zip(distinct, quota, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
