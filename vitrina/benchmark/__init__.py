"""How fast the project is, as ratios to obvious forms of the same work: tools/benchmark.py."""
