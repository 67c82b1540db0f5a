"""Tasks: head, targets, loss, metrics and thresholds of a model."""
