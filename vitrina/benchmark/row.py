"""A row of the benchmark's table: what was measured, against what, and what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vitrina.benchmark.timing import Timing, ratios


@dataclass(frozen=True)
class Quantity:
    """A measured number.

    Attributes:
        value: its median.
        unit: of the value.
        low, high: 10th and 90th percentile, where there are several measurements.
    """

    value: float
    unit: str
    low: float | None = None
    high: float | None = None

    @classmethod
    def rate(cls, timing: Timing, amount: float, unit: str) -> Quantity:
        """`amount` per second of a timing."""
        seconds = timing.median, timing.percentile(90), timing.percentile(10)
        value, low, high = (amount / each for each in seconds)
        return cls(value, unit, low, high)

    @classmethod
    def ratio(cls, reference: Timing, ours: Timing) -> Quantity:
        """How many times faster `ours` is."""
        value, low, high = ratios(reference, ours)
        return cls(value, "×", low, high)

    @property
    def short(self) -> str:
        return f"{_figure(self.value)} {self.unit}"

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return self.short
        return f"{self.short} ({_figure(self.low)} to {_figure(self.high)})"


def _figure(value: float) -> str:
    """Three digits at least, thousands parted."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: of the row, as `--rows` takes it, perhaps with a part behind a slash.
        what: is measured, in a sentence.
        ours: what the project does.
        reference: what the obvious form does.
        result: what the target speaks of.
        target: the least, or with `at_most` the most, that the result should be.
        details: further numbers by name.
    """

    name: str
    what: str
    result: Quantity
    ours: Quantity | None = None
    reference: Quantity | None = None
    target: float | None = None
    at_most: bool = False
    details: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        value = self.result.value
        return value <= self.target if self.at_most else value >= self.target

    @property
    def wanted(self) -> str:
        """The target in words."""
        if self.target is None:
            return ""
        sign = "≤" if self.at_most else "≥"
        return f"{sign} {_figure(self.target)} {self.result.unit}"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}
