"""Training: loop, optimizers, checkpoints, distributed processes, progress and trackers."""
