"""Trained runs in use: `load(run)` gives a model that predicts, reads and explains."""
