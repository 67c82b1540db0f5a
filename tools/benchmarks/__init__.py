"""Benchmark of the project against obvious forms of the same work: `python tools/benchmark.py`."""
