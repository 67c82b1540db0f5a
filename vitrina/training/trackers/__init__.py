"""Trackers: log runs to tracking services."""
