"""Labels of words, from three sources.

The sources are pieces (`{"text": [["скотина", 1], ["!", 0]]}`), spans (`{"text": "…", "spans":
[[0, 7], …]}`) and, for files with neither, the lexicon. All become labeled spans of the cleaned
text. A word gets the label of the span with the largest overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from vitrina.data.config import WordRules
from vitrina.data.fields import RowError, brief, label_name, require_field, shown, text_of
from vitrina.data.labels import sorted_labels
from vitrina.errors import InputError
from vitrina.text.batch import TextBatch
from vitrina.text.lexicon import Lexicon
from vitrina.text.spans import Spans, labels_by_overlap
from vitrina.text.words import find_words, written_words

SOURCES = {
    "lexicon": "words are labeled by the lexicon",
    "pieces": "words are labeled by the pieces of their rows",
    "spans": "words are labeled by the spans of their rows",
}

Span = tuple[int, int, int]
"""First code point, end code point (exclusive), number of the label."""

LEXICON_LABEL = "1"
"""Label of toxic words of the lexicon, and of spans without a label."""


class WordLabels:
    """Labels of words and their numbers; the training rows define the labels.

    Like `vitrina.data.labels.Labels` it reads one file after the other, the training rows first.

    Args:
        rules: rules to read the labels.

    Attributes:
        numbers: label → number, in order of first occurrence; 0 is the background.
    """

    def __init__(self, rules: WordRules) -> None:
        self.rules = rules
        self.numbers: dict[str, int] = {rules.background: 0}
        self._source = ""  # source of the current file; empty before its first row
        self._closed = False

    @cached_property
    def lexicon(self) -> Lexicon:
        return Lexicon.load(self.rules.lexicon)

    def read(self, row: Mapping[str, Any], text_field: str) -> tuple[str, list[Span]]:
        """Return the unchanged text of a row and its labeled spans in order.

        Raises:
            RowError: if the row has another format, or a label that is not in the training rows.
        """
        self._source = self._source or self._source_of(row, text_field)
        if self._source == "pieces":
            return self._pieces(row, text_field)
        text = text_of(row, text_field)
        return text, self._spans(row, text) if self._source == "spans" else []

    def end_of_training_rows(self) -> None:
        """Reject new labels from now on."""
        self._closed = self._closed or bool(self._source)

    def notes(self, key: str) -> list[str]:
        """Report the source of the labels of the current file; reset it for the next file."""
        source, self._source = self._source, ""
        return [f"{key}: {SOURCES[source]}"] if source else []

    def in_order(self) -> tuple[list[str], np.ndarray]:
        """Return the names of the labels of texts, which stratify the splits, and their order."""
        return ["without labeled words", "with labeled words"], np.arange(2)

    def words_in_order(self) -> tuple[list[str], np.ndarray]:
        """Return names of word labels, background first, and int64: the index by label number."""
        labels = {name: number for name, number in self.numbers.items() if number}
        names = [self.rules.background, *sorted_labels(labels)]
        order = np.zeros(len(names), dtype=np.int64)
        order[[self.numbers[name] for name in names]] = np.arange(len(names))
        return names, order

    def words(self, texts: TextBatch, spans: Sequence[Sequence[Span]]) -> Spans:
        """Find and label the words of cleaned texts of the current file.

        Args:
            spans: the spans of each text, mapped to the cleaned text.

        Raises:
            InputError: if the lexicon labels the words but its label is not in the training rows.
        """
        found = written_words(texts)
        if self._source == "lexicon":
            if self._closed and LEXICON_LABEL not in self.numbers:
                known = ", ".join(self.numbers)
                raise InputError(
                    f"the label {LEXICON_LABEL!r} of the lexicon is not in the training rows; "
                    f"allowed: {known}"
                )
            marked = self.lexicon.mark(texts, find_words(texts))
            number = self._number(LEXICON_LABEL)
            labeled = marked.with_labels(marked.labels * number).keep(marked.toxic)
        else:
            labeled = Spans.from_lists(spans)
        return found.with_labels(labels_by_overlap(found, labeled))

    def _source_of(self, row: Mapping[str, Any], text_field: str) -> str:
        if self.rules.source != "auto":
            return self.rules.source
        if isinstance(row.get(text_field), list):
            return "pieces"
        return "spans" if self.rules.spans_field in row else "lexicon"

    def _pieces(self, row: Mapping[str, Any], field: str) -> tuple[str, list[Span]]:
        require_field(row, field)
        value = row[field]
        wrong = f"the field {field!r} is not a list of [word, label]"
        if not isinstance(value, list):
            raise RowError(wrong, f" but {shown(value)}")
        spans: list[Span] = []
        words: list[str] = []
        position = 0
        for piece in value:
            if not (isinstance(piece, list) and len(piece) == 2 and isinstance(piece[0], str)):
                raise RowError(wrong, f": it contains {shown(piece)}")
            label = self._label(piece[1])
            if label:
                spans.append((position, position + len(piece[0]), label))
            words.append(piece[0])
            position += len(piece[0]) + 1
        return " ".join(words), spans

    def _spans(self, row: Mapping[str, Any], text: str) -> list[Span]:
        field = self.rules.spans_field
        require_field(row, field)
        value = row[field]
        wrong = f"the field {field!r} is not a list of [start, end] or [start, end, label]"
        if not isinstance(value, list):
            raise RowError(wrong, f" but {shown(value)}")
        found: list[Span] = []
        for span in value:
            ends = span[:2] if isinstance(span, list) else []
            if len(ends) < 2 or len(span) > 3 or not all(type(end) is int for end in ends):
                raise RowError(wrong, f": it contains {shown(span)}")
            start, end = ends
            if not 0 <= start < end <= len(text):
                detail = f": {shown(span)} in a text of {len(text):,} characters"
                raise RowError(f"a span of the field {field!r} is outside the text", detail)
            label = self._label(span[2] if len(span) == 3 else LEXICON_LABEL)
            if label:
                found.append((start, end, label))
        return self._merge(sorted(found), field)

    def _merge(self, spans: list[Span], field: str) -> list[Span]:
        """Merge overlapping spans of one label; reject overlaps of different labels."""
        merged: list[Span] = []
        for start, end, label in spans:
            if merged and start < merged[-1][1]:
                if merged[-1][2] != label:
                    raise RowError(f"spans of the field {field!r} with different labels overlap")
                start, earlier, _ = merged.pop()
                end = max(end, earlier)
            merged.append((start, end, label))
        return merged

    def _label(self, value: Any) -> int:
        name = label_name(value)
        if not name:
            raise RowError(
                "invalid label of a word",
                f": {shown(value)}; allowed: a whole number, true, false or a name",
            )
        if self._closed and name not in self.numbers:
            known = ", ".join(map(brief, list(self.numbers)[:20]))
            raise RowError(
                f"the word label {name[:60]!r} is not in the training rows",
                f"; allowed: {known}",
            )
        return self._number(name)

    def _number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))
