"""Normalisers: what stands between noisy text and the model, as it does in production."""
