"""Token embeddings to token states."""
