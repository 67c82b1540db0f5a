import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.training.loop import epoch_batches

some_lengths = st.lists(st.integers(0, 50), max_size=60).map(
    lambda lengths: np.array(lengths, dtype=np.int64)
)
sizes = st.integers(1, 7)
seeds = st.integers(0, 2**63 - 1)


@given(some_lengths, sizes, sizes, seeds, st.integers(0, 1000))
def test_batches_contain_every_text_once(
    lengths: np.ndarray, batch_size: int, bucket: int, seed: int, epoch: int
) -> None:
    batches = epoch_batches(lengths, batch_size, bucket, seed=seed, epoch=epoch)
    indices = [int(index) for batch in batches for index in batch]
    assert sorted(indices) == list(range(len(lengths)))
    assert sum(len(batch) != batch_size for batch in batches) <= 1
    assert all(0 < len(batch) <= batch_size for batch in batches)


@given(some_lengths, sizes, sizes, seeds, st.integers(0, 1000))
def test_batches_depend_only_on_seed_and_epoch(
    lengths: np.ndarray, batch_size: int, bucket: int, seed: int, epoch: int
) -> None:
    first = epoch_batches(lengths, batch_size, bucket, seed=seed, epoch=epoch)
    np.random.seed(epoch)
    again = epoch_batches(lengths.copy(), batch_size, bucket, seed=seed, epoch=epoch)
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in again]


def test_epochs_and_seeds_have_different_orders() -> None:
    lengths = np.arange(1000) % 37

    def order(seed: int, epoch: int) -> list[int]:
        batches = epoch_batches(lengths, 16, 8, seed=seed, epoch=epoch)
        return np.concatenate(batches).tolist()

    orders = [order(seed, epoch) for seed in range(3) for epoch in range(3)]
    assert all(a != b for i, a in enumerate(orders) for b in orders[:i])
    ordered = np.corrcoef(orders[0], range(1000))[0, 1]
    assert abs(ordered) < 0.15


def test_a_batch_has_texts_of_similar_length() -> None:
    lengths = np.random.default_rng(1).permutation(1000)

    def spread(bucket: int) -> float:
        batches = epoch_batches(lengths, 10, bucket, seed=1, epoch=0)
        return float(np.mean([np.ptp(lengths[batch]) for batch in batches]))

    assert spread(100) == 9  # one pool is fully sorted
    assert 9 < spread(20) < spread(1) / 10
    assert spread(1) == pytest.approx(1000 * 9 / 11, rel=0.1)  # ten random texts of a thousand
