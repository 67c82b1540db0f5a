"""Normalizers: text-to-text preprocessing before the model."""
