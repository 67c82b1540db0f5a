"""Token states to decisions."""
