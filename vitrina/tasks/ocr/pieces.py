"""Word pieces as symbols of a recognizer, instead of letters.

Letters train glyph recognition; pieces also train word knowledge. Subword units are common in
speech recognition by CTC, where they shorten the target (Zenkel et al. 2018, "Subword and crossword
units for CTC acoustic models").
"""

from __future__ import annotations

import numpy as np
from tokenizers import Tokenizer

from vitrina.errors import InputError
from vitrina.models.embedders import wordpiece
from vitrina.state import FittedState
from vitrina.tasks.ocr.alphabet import UNKNOWN, UNKNOWN_CHARACTER, SymbolBatch
from vitrina.text.batch import TextBatch, offsets_of, ranges, take_ragged

FIRST = 2
"""Symbol of the first piece, after blank and unknown."""
PART = "##"
"""Prefix of pieces that continue a word."""


class Pieces:
    """Word pieces as symbols: 0 is the CTC blank, 1 is unknown, then the pieces.

    Case and spaces before punctuation are lost.

    Args:
        tokenizer: JSON of the tokenizer.
    """

    def __init__(self, tokenizer: str) -> None:
        self.tokenizer = Tokenizer.from_str(tokenizer)
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        numbers = self.tokenizer.get_vocab()
        pieces = sorted(numbers, key=numbers.__getitem__)
        self.num_symbols = len(pieces) + FIRST
        self._unknown = numbers[wordpiece.UNKNOWN]
        pieces[self._unknown] = UNKNOWN_CHARACTER
        letters = ["", UNKNOWN_CHARACTER, *(piece.removeprefix(PART) for piece in pieces)]
        self._letters = TextBatch.from_strings(letters)
        self._begins_word = np.array([True, True, *(not p.startswith(PART) for p in pieces)])

    @staticmethod
    def fit(texts: TextBatch, vocabulary_size: int, min_count: int) -> FittedState:
        """Train a tokenizer of at most `vocabulary_size` pieces.

        Args:
            min_count: minimum occurrences of a pair of pieces to be merged.

        Raises:
            InputError: if the texts have no words.
        """
        strings = [text for text in texts.to_encodable() if text.strip()]
        if not strings:
            raise InputError(
                "ocr.units = 'pieces': the training texts contain nothing to recognize"
            )
        tokenizer = wordpiece.train_wordpiece(
            strings, vocabulary_size, min_frequency=min_count, lowercase=True
        )
        return FittedState(texts={"tokenizer": tokenizer.to_str()})

    def encode(self, texts: TextBatch) -> SymbolBatch:
        encodings = self.tokenizer.encode_batch_fast(texts.to_encodable(), add_special_tokens=False)
        lengths = np.fromiter((len(each.ids) for each in encodings), np.int64, len(encodings))
        ids = np.array([piece for each in encodings for piece in each.ids], dtype=np.int64)
        return SymbolBatch(
            np.where(ids == self._unknown, UNKNOWN, ids + FIRST), offsets_of(lengths)
        )

    def decode(self, readings: SymbolBatch) -> TextBatch:
        """Convert symbols to texts, with a space between words; unknown symbols become U+FFFD."""
        letters, _ = take_ragged(self._letters.code_points, self._letters.offsets, readings.ids)
        lengths = self.num_letters(readings)
        spaced = lengths > self._letters.lengths[readings.ids]
        line = np.full(lengths.sum(), ord(" "), dtype=np.uint32)
        begins = offsets_of(lengths)
        line[ranges(begins[:-1] + spaced, lengths - spaced)] = letters
        return TextBatch(line, begins[readings.offsets])

    def num_letters(self, readings: SymbolBatch) -> np.ndarray:
        """Return int64 [num_symbols], letters of each symbol, including a space before it."""
        spaced = self._begins_word[readings.ids]
        spaced[readings.offsets[:-1][readings.lengths > 0]] = False
        return self._letters.lengths[readings.ids] + spaced

    def readable(self, texts: TextBatch) -> TextBatch:
        return self.decode(self.encode(texts))
