"""Number, length, position and determinism of masked spans."""

import numpy as np
import pytest
import torch

from vitrina.models.layers.masking import Masking
from vitrina.models.layers.ragged import exclusive_sum

LENGTHS = np.array([1, 2, 3, 5, 8, 40, 41, 200])


def by_text(masked: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    return np.split(masked, np.cumsum(lengths)[:-1])


def runs(hidden: np.ndarray) -> list[int]:
    """Return the lengths of the spans, in order."""
    ends = np.diff(np.concatenate([[0], hidden.astype(np.int8), [0]]))
    return (np.flatnonzero(ends == -1) - np.flatnonzero(ends == 1)).tolist()


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("share", "span"), [(0.25, 3.0), (0.5, 1.0), (0.9, 8.0), (0.01, 2.0)])
def test_share_is_masked_in_whole_strides(stride: int, share: float, span: float) -> None:
    masking = Masking(share, span, stride)
    for number in range(20):
        masked = masking.spans(LENGTHS, np.arange(len(LENGTHS)) + 100 * number)
        for hidden in by_text(masked, LENGTHS):
            num_units = -(-len(hidden) // stride)
            units = hidden[::stride]
            for unit in range(num_units):
                assert len(set(hidden[unit * stride : (unit + 1) * stride].tolist())) == 1
            wanted = max(1, round(share * num_units))
            assert units.sum() == wanted
            # The number of spans brings their mean length nearest to `span`, if they fit.
            most = min(wanted, num_units - wanted + 1)
            assert len(runs(units)) == min(max(round(wanted * stride / span), 1), most)


def test_spans_have_all_lengths_and_positions() -> None:
    masking, lengths = Masking(0.25, 3.0, 1), np.full(3000, 24)
    texts = masking.spans(lengths, np.arange(3000)).reshape(3000, 24)
    found = [length for text in texts for length in runs(text)]
    assert np.mean(found) == 3.0 and set(found) == set(range(1, 6))
    # Two spans of six tokens: 1 + 5, …, 5 + 1 are equally likely.
    firsts = np.bincount([runs(text)[0] for text in texts])[1:6]
    assert np.abs(firsts / 3000 - 0.2).max() < 0.03
    assert texts.mean(axis=0).min() > 0.1 and texts.mean(axis=0).max() < 0.35


def test_training_spans_depend_on_the_torch_seed() -> None:
    masking = Masking(0.25, 3.0, 1)

    def drawn(seed: int) -> np.ndarray:
        torch.manual_seed(seed)
        return masking.draw(LENGTHS, training=True)

    assert np.array_equal(drawn(1), drawn(1)) and not np.array_equal(drawn(1), drawn(2))
    torch.manual_seed(1)
    first = masking.draw(LENGTHS, training=True)
    assert not np.array_equal(first, masking.draw(LENGTHS, training=True))


def test_evaluation_spans_depend_on_the_number_of_tokens_only() -> None:
    masking = Masking(0.25, 3.0, 2)
    together = by_text(masking.draw(LENGTHS, training=False), LENGTHS)
    for seed, (length, hidden) in enumerate(zip(LENGTHS, together, strict=True)):
        torch.manual_seed(seed)
        assert np.array_equal(masking.draw(np.array([length]), training=False), hidden)
    assert exclusive_sum(LENGTHS)[-1] + 200 == sum(map(len, together))
