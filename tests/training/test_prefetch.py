"""Prefetched items equal those made on demand."""

import threading

import pytest

from vitrina.training.prefetch import Prefetcher


@pytest.mark.parametrize("in_background", [False, True])
def test_each_number_gets_its_item(in_background: bool) -> None:
    made: list[tuple[int, str]] = []

    def make(number: int) -> int:
        made.append((number, threading.current_thread().name))
        return number * number

    with Prefetcher(make, in_background=in_background) as ahead:
        assert [ahead.take(n, n + 1 if n < 4 else None) for n in range(5)] == [0, 1, 4, 9, 16]
        ahead.wait()
    assert [number for number, _ in made] == [0, 1, 2, 3, 4]  # each once, in order
    by_thread = {name for number, name in made if number > 0}
    assert all(name.startswith("batches") for name in by_thread) == in_background
    assert ahead.seconds > 0


def test_an_unexpected_number_is_made_on_demand() -> None:
    with Prefetcher(lambda number: number, in_background=True) as ahead:
        assert [ahead.take(0, 1), ahead.take(7, 8), ahead.take(8, None)] == [0, 7, 8]


@pytest.mark.parametrize("in_background", [False, True])
def test_take_raises_the_error_of_an_item(in_background: bool) -> None:
    def make(number: int) -> int:
        if number == 1:
            raise ValueError("bad batch")
        return number

    with Prefetcher(make, in_background=in_background) as ahead:
        ahead.take(0, 1)
        ahead.wait()  # does not raise
        with pytest.raises(ValueError, match="bad batch"):
            ahead.take(1, 2)


def test_the_next_item_is_made_in_the_background() -> None:
    begun, resume = threading.Event(), threading.Event()

    def make(number: int) -> int:
        if number == 1:
            begun.set()
            assert resume.wait(10)
        return number

    with Prefetcher(make, in_background=True) as ahead:
        ahead.take(0, 1)
        assert begun.wait(10)  # before `take`
        resume.set()
        assert ahead.take(1, None) == 1
