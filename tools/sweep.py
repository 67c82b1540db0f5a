"""Show the state of a sweep: finished, running, failed, interrupted, pending jobs, time left.

python tools/sweep.py outputs/NAME
python tools/sweep.py outputs/NAME --watch

Running jobs are shown with their step and speed. The exit code is 0 if all jobs are finished,
else 1.
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
    parser.add_argument("sweep", type=Path, metavar="FOLDER", help="folder of a sweep (name=NAME)")
    parser.add_argument("--watch", action="store_true", help="update until no job is running")
    parser.add_argument("--seconds", type=float, default=2.0, help="update interval of --watch")
    arguments = parser.parse_args(argv)
    require(arguments.seconds > 0, "--seconds", arguments.seconds, "above 0")
    found = _read(arguments.sweep)
    if arguments.watch:
        found = _watch(arguments.sweep, arguments.seconds)
    Console().print(found)
    return 0 if found.counts()["finished"] == len(found.jobs) else 1


def _read(folder: Path) -> Overview:
    jobs = read_plan(folder)
    if not jobs:
        raise InputError(f"{folder}: contains no plan of a sweep (sweep.json)")
    return overview(folder, jobs)


def _watch(folder: Path, seconds: float) -> Overview:
    """Update the overview until no job is running; in a log, print a line when counts change."""
    console = Console()
    found, printed = _read(folder), ""
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while found.counts()["running"]:
            if console.is_terminal:
                live.update(Group(found, Text(time.strftime("%H:%M:%S"))), refresh=True)
            elif str(found.counts()) != printed:
                printed = str(found.counts())
                print(found.line(), flush=True)
            time.sleep(seconds)
            found = _read(folder)
    return found


if __name__ == "__main__":
    sys.exit(main())
