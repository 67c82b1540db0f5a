"""Batches made ahead of time are those made in time."""

import threading

import pytest

from vitrina.training.prefetch import Prefetcher


@pytest.mark.parametrize("in_background", [False, True])
def test_each_number_gets_its_own(in_background: bool) -> None:
    made: list[tuple[int, str]] = []

    def make(number: int) -> int:
        made.append((number, threading.current_thread().name))
        return number * number

    with Prefetcher(make, in_background=in_background) as ahead:
        assert [ahead.take(n, n + 1 if n < 4 else None) for n in range(5)] == [0, 1, 4, 9, 16]
        ahead.settle()
    assert [number for number, _ in made] == [0, 1, 2, 3, 4]  # each once, in order
    by_thread = {name for number, name in made if number > 0}
    assert all(name.startswith("batches") for name in by_thread) == in_background
    assert ahead.seconds > 0


def test_a_number_that_was_not_expected_is_made_at_once() -> None:
    with Prefetcher(lambda number: number, in_background=True) as ahead:
        assert [ahead.take(0, 1), ahead.take(7, 8), ahead.take(8, None)] == [0, 7, 8]


@pytest.mark.parametrize("in_background", [False, True])
def test_an_error_reaches_the_one_who_takes(in_background: bool) -> None:
    def make(number: int) -> int:
        if number == 1:
            raise ValueError("bad batch")
        return number

    with Prefetcher(make, in_background=in_background) as ahead:
        ahead.take(0, 1)
        ahead.settle()  # waits, and leaves the error to the one who takes
        with pytest.raises(ValueError, match="bad batch"):
            ahead.take(1, 2)


def test_the_next_one_is_made_meanwhile() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def make(number: int) -> int:
        if number == 1:
            begun.set()
            assert go_on.wait(10)
        return number

    with Prefetcher(make, in_background=True) as ahead:
        ahead.take(0, 1)
        assert begun.wait(10)  # while nobody asks for it
        go_on.set()
        assert ahead.take(1, None) == 1
