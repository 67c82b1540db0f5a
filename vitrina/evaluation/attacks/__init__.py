"""Score-based search attacks on classifiers, within a budget of legible edits."""
