"""Inference with trained runs: `load(run)` returns a model that predicts and recognizes texts."""
