"""Folder and record of a run, provenance of its weights, plan and state of a sweep.

Only `memory`, `results` and `warm_start` import torch, so that reading a sweep is fast.
"""
