"""Send what was recorded offline to Weights & Biases: a run, a sweep, or all of `outputs`.

python tools/sync.py outputs/NAME
python tools/sync.py outputs/NAME --dry-run

Runs that have been sent are left out; parts of a run that was resumed go to the same run, in their
order. A login is needed (`wandb login`, or WANDB_API_KEY). --dry-run lists what would be sent and
sends nothing. The exit code is that of `wandb sync`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli.tool import command, new_parser
from vitrina.errors import InputError


@command
def main(argv: Sequence[str] | None = None) -> int | None:
    parser = new_parser(__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of a run, a sweep, or of many")
    parser.add_argument("--dry-run", action="store_true", help="list what would be sent")
    arguments = parser.parse_args(argv)
    if not arguments.folder.is_dir():
        raise InputError(f"{arguments.folder}: there is no such folder")
    parts = unsent(arguments.folder)
    for part in parts:
        print(part)
    told = "would be sent" if arguments.dry_run else "to send"
    print(f"{len(parts)} offline recordings {told}", flush=True)
    if arguments.dry_run or not parts:
        return 0
    command = [sys.executable, "-m", "wandb", "sync", *map(str, parts)]
    # Said by our own settings only while a run is recorded; what is asked for here is wanted.
    without = {key: value for key, value in os.environ.items() if key != "WANDB_MODE"}
    return subprocess.run(command, env=without, check=False).returncode


def unsent(folder: Path) -> list[Path]:
    """Folders of offline recordings below `folder` that have not been sent, oldest first."""
    found = [
        path.parent
        for path in folder.glob("**/wandb/offline-run-*/*.wandb")
        if not path.with_name(f"{path.name}.synced").exists()
    ]
    return sorted(set(found), key=lambda path: (path.name, path))


if __name__ == "__main__":
    sys.exit(main())
