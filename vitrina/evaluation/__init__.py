"""Scores a model on clean and noisy texts, with intervals, curves, attacks, tables and plots."""
