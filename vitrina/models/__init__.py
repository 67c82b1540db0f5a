"""Embedders, encoders, heads, and the ragged tensors between them."""
