"""Functions are timed alternately, and their ratios and rates are correct."""

import time
from collections.abc import Callable

import pytest
import torch

from tools.benchmarks.row import Quantity, Row, markdown
from tools.benchmarks.timing import Timing, interleaved, ratios

CPU = torch.device("cpu")


def test_functions_run_in_the_order_a_b_b_a() -> None:
    order: list[str] = []
    a, b = interleaved([lambda: order.append("a"), lambda: order.append("b")], CPU, 2)
    assert "".join(order) == "ab" + "abba" * 2  # one warm-up run of each
    assert len(a.seconds) == len(b.seconds) == 4


def test_the_ratio_is_the_ratio_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def works(seconds: float) -> Callable[[], None]:
        return lambda: now.append(now.pop() + seconds)

    slow, fast = interleaved([works(0.03), works(0.01)], CPU, 3)
    ratio, low, high = ratios(slow, fast)
    assert (ratio, low, high) == pytest.approx((3, 3, 3))
    assert slow.median == pytest.approx(0.03) and slow.first == pytest.approx(0.03)
    assert slow.percentile(10) <= slow.median <= slow.percentile(90)


def test_a_rate_is_an_amount_per_second() -> None:
    rate = Quantity.rate(Timing([1.0, 2.0, 4.0], 9.0), 8, "texts/s")
    assert rate.value == 4 and rate.low is not None and rate.high is not None
    assert 2 < rate.low < 4 < rate.high < 8
    assert str(Quantity(1234.5, "texts/s")) == "1,234 texts/s"
    assert str(Quantity(0.01234, "s", 0.01, 0.02)) == "0.0123 s (0.01 to 0.02)"


@pytest.mark.parametrize(
    ("value", "target", "at_most", "met"),
    [(3, 2, False, True), (3, 4, False, False), (3, 4, True, True), (3, None, False, None)],
)
def test_targets_are_compared_with_results(
    value: float, target: float, at_most: bool, met: bool
) -> None:
    row = Row("a", "what", Quantity(value, "×"), target=target, at_most=at_most)
    assert row.met is met and row.as_json()["met"] is met
    assert row.cells[-1] == {True: "yes", False: "no", None: ""}[met]
    assert f"| `a` | what |  |  | {value} × |" in markdown([row])
