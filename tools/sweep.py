"""Show the state of a sweep: finished, running, failed, interrupted, pending jobs, time left.

python tools/sweep.py outputs/NAME
python tools/sweep.py outputs/NAME --watch

FOLDER is that of a sweep (`name=NAME`). Running jobs tell their step and speed. The exit code is 0
if all jobs are finished, else 1.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from vitrina.cli.tool import command, new_parser
from vitrina.errors import InputError, require
from vitrina.runs.plan import read_plan
from vitrina.runs.status import Overview, overview


@command
def main(argv: Sequence[str] | None = None) -> int | None:
    parser = new_parser(__doc__)
    parser.add_argument("sweep", type=Path, metavar="FOLDER", help="folder of a sweep")
    parser.add_argument("--watch", action="store_true", help="look again until no job runs")
    parser.add_argument("--seconds", type=float, default=2.0, help="between two looks of --watch")
    arguments = parser.parse_args(argv)
    require(arguments.seconds > 0, "--seconds", arguments.seconds, "above 0")
    seen = _look(arguments.sweep)
    if arguments.watch:
        seen = _watch(arguments.sweep, arguments.seconds)
    Console().print(seen)
    return 0 if seen.counts()["finished"] == len(seen.jobs) else 1


def _look(folder: Path) -> Overview:
    jobs = read_plan(folder)
    if not jobs:
        raise InputError(f"{folder}: holds no plan of a sweep (sweep.json)")
    return overview(folder, jobs)


def _watch(folder: Path, seconds: float) -> Overview:
    """Show the overview anew until nothing runs; on a log a line whenever the numbers change."""
    console = Console()
    seen, told = _look(folder), ""
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while seen.counts()["running"]:
            if console.is_terminal:
                live.update(Group(seen, Text(time.strftime("%H:%M:%S"))), refresh=True)
            elif str(seen.counts()) != told:
                told = str(seen.counts())
                print(seen.line(), flush=True)
            time.sleep(seconds)
            seen = _look(folder)
    return seen


if __name__ == "__main__":
    sys.exit(main())
