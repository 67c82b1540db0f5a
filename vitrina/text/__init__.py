"""Columnar texts, cleaning, words, n-grams, the lexicon of toxic words, offset maps."""
