import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.noise.slow_noise import split_mix, uniform
from vitrina.noise.randomness import Stream, text_keys, uniforms


def test_reference_outputs_of_splitmix64() -> None:
    # The first outputs of the reference implementation (prng.di.unimi.it) for state 1234567.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [split_mix(1234567, number) for number in range(3)] == expected


@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**62),
    st.integers(0, 2**62),
    st.integers(0, 2**40),
    st.sampled_from(Stream),
)
def test_draws_equal_the_reference(
    seed: int, epoch: int, index: int, position: int, stream: Stream
) -> None:
    keys = text_keys(seed, epoch, np.array([index]))
    fast = uniforms(keys, np.array([position]), stream)
    assert fast.tolist() == [uniform(seed, epoch, index, position, int(stream))]


def test_draws_are_uniform_and_uncorrelated() -> None:
    keys = np.repeat(text_keys(1, 0, np.arange(200)), 100)
    positions = np.tile(np.arange(100), 200)
    draws = [uniforms(keys, positions, stream) for stream in Stream]
    for drawn in draws:
        counts = np.histogram(drawn, bins=20, range=(0, 1))[0]
        assert ((counts - 1000) ** 2 / 1000).sum() < 55  # chi-square, 19 degrees: p < 1e-5
    correlations = np.corrcoef([*draws, np.roll(draws[0], 1), np.roll(draws[0], 100)])
    off_diagonal = correlations - np.eye(len(correlations))
    assert np.abs(off_diagonal).max() < 0.035  # five standard deviations
