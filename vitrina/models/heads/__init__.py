"""Heads: hidden states to the output of a task."""
