"""Word pieces as what a model reads: whole words and the ends of words in place of letters.

Reading letters teaches a model to see; reading pieces teaches it words. Sub-word units are usual
in speech recognition by CTC, where they shorten what is to be said (Zenkel et al. 2018, "Subword
and crossword units for CTC acoustic models").
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
"""The symbol of the first piece, behind blank and unknown."""
PART = "##"
"""What the pieces begin with that go on with a word."""


class Pieces:
    """Symbols of reading: 0 is CTC's blank, 1 what no piece is in, then the pieces.

    Case is not read, nor whether there is a space before a sign.

    Args:
        tokenizer: as json.
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
        said = ["", UNKNOWN_CHARACTER, *(piece.removeprefix(PART) for piece in pieces)]
        self._said = TextBatch.from_strings(said)
        self._begins_word = np.array([True, True, *(not p.startswith(PART) for p in pieces)])

    @staticmethod
    def fit(texts: TextBatch, vocabulary_size: int, min_count: int) -> FittedState:
        """A tokenizer of at most `vocabulary_size` pieces, trained on the training texts.

        Args:
            min_count: occurrences that two pieces need side by side to become one.

        Raises:
            InputError: if the texts hold nothing to be read.
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
        """The pieces of texts as symbols."""
        encodings = self.tokenizer.encode_batch_fast(texts.to_encodable(), add_special_tokens=False)
        lengths = np.fromiter((len(each.ids) for each in encodings), np.int64, len(encodings))
        ids = np.array([piece for each in encodings for piece in each.ids], dtype=np.int64)
        return SymbolBatch(
            np.where(ids == self._unknown, UNKNOWN, ids + FIRST), offsets_of(lengths)
        )

    def decode(self, readings: SymbolBatch) -> TextBatch:
        """Symbols as texts, a space between words; what is unknown becomes U+FFFD."""
        letters, _ = take_ragged(self._said.code_points, self._said.offsets, readings.ids)
        lengths = self.letters_of(readings)
        spaced = lengths > self._said.lengths[readings.ids]
        line = np.full(lengths.sum(), ord(" "), dtype=np.uint32)
        begins = offsets_of(lengths)
        line[ranges(begins[:-1] + spaced, lengths - spaced)] = letters
        return TextBatch(line, begins[readings.offsets])

    def letters_of(self, readings: SymbolBatch) -> np.ndarray:
        """int64 [num_symbols]: letters that each symbol says, a space before it among them."""
        spaced = self._begins_word[readings.ids]
        spaced[readings.offsets[:-1][readings.lengths > 0]] = False
        return self._said.lengths[readings.ids] + spaced

    def readable(self, texts: TextBatch) -> TextBatch:
        """Texts as a reading without a mistake says them."""
        return self.decode(self.encode(texts))
