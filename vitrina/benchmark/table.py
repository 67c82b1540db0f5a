"""The table of a benchmark, and the circumstances without which its figures say nothing."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from rich import box
from rich.table import Table

from vitrina.benchmark.bench import Bench
from vitrina.benchmark.row import Row
from vitrina.models.precision import bf16_pays


def circumstances(bench: Bench) -> dict[str, Any]:
    """Date, versions, machine, and on which texts."""
    device = bench.device
    cuda = device.type == "cuda"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(device) if cuda else _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "threads": torch.get_num_threads(),
        "bf16": bf16_pays(device),
        "texts": bench.data.name if bench.data else "the demo corpus",
        "num_texts": len(bench.dataset.train),
    }


def _processor() -> str:
    """The processor's name, and the instructions that decide how fast it multiplies."""
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
    for title in ("row", "ours", "obvious form", "result", "target", "met"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*cells(row))
    return table


def markdown(rows: Sequence[Row]) -> str:
    """The table for a text, with what each row measures."""
    titles = ("row", "what", "ours", "obvious form", "result", "target", "met")
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for row in rows:
        name, *others = cells(row)
        lines.append("| " + " | ".join([f"`{name}`", row.what, *others]) + " |")
    return "\n".join(lines)


def cells(row: Row) -> list[str]:
    """What stands in the columns of a row."""
    met = {None: "", True: "yes", False: "no"}[row.met]
    quantities = [each.short if each is not None else "" for each in (row.ours, row.reference)]
    return [row.name, *quantities, str(row.result), row.wanted, met]
