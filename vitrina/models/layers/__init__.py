"""Layers over ragged tokens."""
