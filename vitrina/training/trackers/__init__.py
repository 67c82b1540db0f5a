"""Trackers: where a run is logged besides its folder."""
