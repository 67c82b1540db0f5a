"""What is asked of a text: targets, loss, scores."""
