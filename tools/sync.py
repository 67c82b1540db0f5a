"""Upload offline recordings to Weights & Biases: of a run, a sweep, or all of `outputs`.

python tools/sync.py outputs/NAME
python tools/sync.py outputs/NAME --dry-run

Uploaded runs are skipped. The parts of a resumed run are uploaded to one run, in their order. Needs
a login (`wandb login`, or WANDB_API_KEY). The exit code is that of `wandb sync`.
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
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of one run or of many")
    parser.add_argument("--dry-run", action="store_true", help="list the recordings only")
    arguments = parser.parse_args(argv)
    if not arguments.folder.is_dir():
        raise InputError(f"{arguments.folder}: no such folder")
    parts = unsent(arguments.folder)
    for part in parts:
        print(part)
    state = "not uploaded" if arguments.dry_run else "to upload"
    print(f"{len(parts)} offline recordings {state}", flush=True)
    if arguments.dry_run or not parts:
        return 0
    command = [sys.executable, "-m", "wandb", "sync", *map(str, parts)]
    # WANDB_MODE=offline, which applies to recording, would prevent the upload.
    environment = {key: value for key, value in os.environ.items() if key != "WANDB_MODE"}
    return subprocess.run(command, env=environment, check=False).returncode


def unsent(folder: Path) -> list[Path]:
    """Return the folders of offline recordings below `folder` not uploaded yet, oldest first."""
    found = [
        path.parent
        for path in folder.glob("**/wandb/offline-run-*/*.wandb")
        if not path.with_name(f"{path.name}.synced").exists()
    ]
    return sorted(set(found), key=lambda path: (path.name, path))


if __name__ == "__main__":
    sys.exit(main())
