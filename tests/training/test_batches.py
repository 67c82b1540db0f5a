import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.training.loop import epoch_batches

some_lengths = st.lists(st.integers(0, 50), max_size=60).map(
    lambda lengths: np.array(lengths, dtype=np.int64)
)
sizes = st.integers(1, 7)
seeds = st.integers(0, 2**63 - 1)


@settings(deadline=None)
@given(some_lengths, sizes, sizes, seeds, st.integers(0, 1000))
def test_every_text_once_a_pass_in_batches_of_the_size(
    lengths: np.ndarray, batch_size: int, bucket: int, seed: int, epoch: int
) -> None:
    batches = epoch_batches(lengths, batch_size, bucket, seed=seed, epoch=epoch)
    process_group = [int(index) for batch in batches for index in batch]
    assert sorted(process_group) == list(range(len(lengths)))
    assert sum(len(batch) != batch_size for batch in batches) <= 1
    assert all(0 < len(batch) <= batch_size for batch in batches)


@settings(deadline=None)
@given(some_lengths, sizes, sizes, seeds, st.integers(0, 1000))
def test_seed_and_epoch_are_all_that_decides(
    lengths: np.ndarray, batch_size: int, bucket: int, seed: int, epoch: int
) -> None:
    first = epoch_batches(lengths, batch_size, bucket, seed=seed, epoch=epoch)
    np.random.seed(epoch)
    again = epoch_batches(lengths.copy(), batch_size, bucket, seed=seed, epoch=epoch)
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in again]


def test_epochs_and_seeds_mix_anew() -> None:
    lengths = np.arange(1000) % 37

    def order(seed: int, epoch: int) -> list[int]:
        batches = epoch_batches(lengths, 16, 8, seed=seed, epoch=epoch)
        return np.concatenate(batches).tolist()

    orders = [order(seed, epoch) for seed in range(3) for epoch in range(3)]
    assert all(a != b for i, a in enumerate(orders) for b in orders[:i])
    ordered = np.corrcoef(orders[0], range(1000))[0, 1]
    assert abs(ordered) < 0.15


def test_a_batch_holds_texts_of_like_length() -> None:
    lengths = np.random.default_rng(1).permutation(1000)

    def spread(bucket: int) -> float:
        batches = epoch_batches(lengths, 10, bucket, seed=1, epoch=0)
        return float(np.mean([np.ptp(lengths[batch]) for batch in batches]))

    assert spread(100) == 9  # one pool: as sorted
    assert 9 < spread(20) < spread(1) / 10
    assert spread(1) == pytest.approx(1000 * 9 / 11, rel=0.1)  # ten of a thousand at random
