"""Folder and record of a run, runs that it builds on, plan and state of a sweep.

Nothing but `results` and `warm_start` imports torch, so that reading a sweep is fast.
"""
