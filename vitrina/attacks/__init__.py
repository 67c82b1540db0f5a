"""Search attacks on trained models that see only scores, within a budget of legible edits."""
