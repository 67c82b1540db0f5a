"""Measure time and memory of a training step: see `benchmarks/step_cost.py`."""

import sys

from benchmarks.step_cost import main

if __name__ == "__main__":
    sys.exit(main())
