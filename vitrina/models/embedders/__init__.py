"""Embedders: texts to token embeddings."""
