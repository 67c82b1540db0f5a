"""Entry point of `vitrina` and `python main.py`: runs the subcommand and exits with its code.

Exit codes: 0, 1 (a job failed), 2 (wrong input, described in one line), 130 (Ctrl-C).
`HYDRA_FULL_ERROR=1` shows tracebacks.
"""

from __future__ import annotations

import importlib
import os
import sys
import time

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from vitrina.cli.explain import explain
from vitrina.config import rank_in_environment
from vitrina.errors import InputError

COMMANDS = {"components": "vitrina.cli.components", "train": "vitrina.cli.train"}
"""Modules of the subcommands. Each has a function `main(arguments)`, which returns an exit code."""
DEFAULT = "train"


def main() -> None:
    """Run the command line and exit with its code."""
    show_tracebacks = os.environ.get("HYDRA_FULL_ERROR") not in (None, "", "0")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises errors instead of printing them
    given = sys.argv[1:]
    name, arguments = (given[0], given[1:]) if given[:1] and given[0] in COMMANDS else ("", given)
    try:
        code = importlib.import_module(COMMANDS[name or DEFAULT]).main(arguments)
    except KeyboardInterrupt:
        code = 130
    except (InputError, HydraException, OmegaConfBaseException, OSError) as error:
        fault = isinstance(error, OSError) and error.filename is None
        if show_tracebacks or (fault and not isinstance(error, HydraException)):
            raise
        if rank_in_environment() > 0:
            # torchrun stops all ranks when one exits. Other ranks therefore wait, so that rank 0
            # can print the error, which is the same in all ranks.
            time.sleep(10.0)
        print(f"error: {explain(error)}", file=sys.stderr)
        code = 2
    sys.exit(code)


if __name__ == "__main__":
    main()
