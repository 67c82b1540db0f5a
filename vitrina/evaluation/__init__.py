"""Evaluation on clean and noisy texts: scores, intervals, noise curves, attacks, tables, plots."""
