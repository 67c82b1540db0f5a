"""Encoders: token embeddings to hidden states."""
