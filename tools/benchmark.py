"""Benchmark the speed of the project: see `benchmarks/command.py`."""

import sys

from benchmarks.command import main

if __name__ == "__main__":
    sys.exit(main())
