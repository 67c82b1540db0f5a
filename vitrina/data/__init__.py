"""Sources of texts, splits, batches."""
