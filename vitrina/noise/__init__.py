"""Noise as people write it: levels of look-alikes, masks, insertions."""
