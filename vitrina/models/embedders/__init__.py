"""Texts to token embeddings."""
