"""Rows of the benchmark table, and the environment of the measurements."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich import box
from rich.table import Table

from vitrina.models.precision import bf16_pays
from vitrina.runs import record

from .target import Bench
from .timing import Timing, ratios


@dataclass(frozen=True)
class Quantity:
    """A measured number.

    Attributes:
        value: median.
        unit: of the value.
        low, high: 10th and 90th percentile; None for a single measurement.
    """

    value: float
    unit: str
    low: float | None = None
    high: float | None = None

    @classmethod
    def rate(cls, timing: Timing, amount: float, unit: str) -> Quantity:
        """Return `amount` per second of a timing."""
        seconds = timing.median, timing.percentile(90), timing.percentile(10)
        value, low, high = (amount / each for each in seconds)
        return cls(value, unit, low, high)

    @classmethod
    def ratio(cls, reference: Timing, ours: Timing) -> Quantity:
        """Return the speed-up of `ours` over `reference`."""
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
    """Format a number with at least three digits and separated thousands."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: as in `--rows`, with a suffix after a slash if there are several rows.
        what: description of the measurement.
        result: number that the target bounds.
        ours: number of the project.
        reference: number of the reference implementation.
        target: lower bound of the result, or upper bound with `at_most`.
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
        """Whether the target is met; None if there is no target."""
        if self.target is None:
            return None
        value = self.result.value
        return value <= self.target if self.at_most else value >= self.target

    @property
    def wanted(self) -> str:
        """Target with its bound, as in `≥ 5 ×`."""
        if self.target is None:
            return ""
        sign = "≤" if self.at_most else "≥"
        return f"{sign} {_figure(self.target)} {self.result.unit}"

    @property
    def cells(self) -> list[str]:
        """Cells of the row, by column."""
        met = {None: "", True: "yes", False: "no"}[self.met]
        quantities = [
            each.short if each is not None else "" for each in (self.ours, self.reference)
        ]
        return [self.name, *quantities, str(self.result), self.wanted, met]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "wanted": self.wanted, "met": self.met}


def environment(bench: Bench) -> dict[str, Any]:
    """Return date, versions, machine and texts."""
    device = bench.device
    cuda = device.type == "cuda"
    return {
        **record.environment(),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if cuda else _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "threads": torch.get_num_threads(),
        "bf16": bf16_pays(device),
        "texts": bench.data.name if bench.data else "the demo corpus",
        "num_texts": len(bench.dataset.train),
    }


def _processor() -> str:
    """Return the name of the processor, with its vector and matrix extensions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    flags = set(found.get("flags", "").split())
    known = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
    has = " ".join(flag for flag in known if flag in flags)
    return f"{found.get('model name', platform.machine())} ({has or 'no vector extensions'})"


def build_table(rows: Sequence[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("row", "ours", "reference", "result", "target", "met"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row.cells)
    return table


def markdown(rows: Sequence[Row]) -> str:
    """Return the table as Markdown, with the description of each row."""
    titles = ("row", "what", "ours", "reference", "result", "target", "met")
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for row in rows:
        name, *others = row.cells
        lines.append("| " + " | ".join([f"`{name}`", row.what, *others]) + " |")
    return "\n".join(lines)
