"""Datasets: file formats, labels, splits."""
