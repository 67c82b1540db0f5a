"""Noise that imitates disguises: levels of look-alikes, masks, insertions."""
