"""Scores of a model on clean and noisy texts, their intervals, and how they are told."""
