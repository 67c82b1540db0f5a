"""Benchmark of the project against reference implementations: `python tools/benchmark.py`."""
