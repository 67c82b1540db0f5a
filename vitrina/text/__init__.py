"""Texts in columns, cleaning, words, the lexicon of obscene words, offset maps."""
