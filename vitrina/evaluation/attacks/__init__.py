"""Search attacks on classifiers that give scores, within a budget of legible edits."""
