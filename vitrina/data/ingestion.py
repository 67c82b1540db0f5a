"""From rows to columns: the rows of a file chosen, checked, cleaned and cut, one at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vitrina.data.chunks import Chunk, ChunkBuilder
from vitrina.data.config import (
    CsvConfig,
    DatasetConfig,
    DemoConfig,
    FileDatasetConfig,
    LabelRules,
    WordRules,
)
from vitrina.data.fields import RowError, brief, text_of, value_name
from vitrina.data.formats import Source, format_of
from vitrina.data.labels import IgnoredLabels, Labels
from vitrina.data.word_labels import Span, WordLabels
from vitrina.errors import InputError
from vitrina.text.cleaning import clean

OK_MISSING = (
    "there is no such file; download Toxic Russian Comments from Kaggle "
    "(kaggle.com/datasets/alexandersemiletov/toxic-russian-comments) and put its dataset.txt "
    "there, or set dataset.train; tools/prepare_ok_dataset.py converts it to jsonl"
)


class RowReader:
    """Reads the files of one dataset; the first one read, the training rows, tells the labels.

    Args:
        config: which rows are read, and how.
        rules: how labels are read, of texts or of words.

    Attributes:
        notes: what was done to the rows.
        hashes: sha256 of what was read, by key.
        labels: those that were met, and their numbers.
    """

    def __init__(self, config: DatasetConfig, rules: LabelRules | WordRules) -> None:
        self.config = config
        self.notes: list[str] = []
        self.hashes: dict[str, str] = {}
        self.labels = _labels(rules)
        of_sets = isinstance(rules, LabelRules) and rules.sets
        self.label_field = config.label_field or ("labels" if of_sets else "toxic")

    def check_files(self, paths: Mapping[str, str]) -> None:
        """
        Raises:
            InputError: if a file is missing, before any is read.
        """
        for key, path in paths.items():
            if not Path(path).is_file():
                reason = "there is no such file"
                if self.config.kind == "ok" and key == "train":
                    reason = OK_MISSING
                raise InputError(f"dataset.{key} = {path!r}: {reason}")

    def file(self, key: str, path: str, *, text_field: str | None = None) -> Chunk:
        """Read a file.

        Args:
            key: its key in the configuration.
            path: the file.
            text_field: where the text stands; None: where the configuration says.

        Raises:
            InputError: if it is bad.
        """
        kind = self.config.kind
        own = "fasttext" if kind == "ok" else "jsonl" if kind == "demo" else kind
        # A csv dataset has csv files whatever their names; elsewhere endings tell the format.
        format = (
            own if kind == "csv" and key in ("train", "val", "test") else format_of(Path(path), own)
        )
        if format == "fasttext" and kind != "ok":
            format = own
        delimiter = self.config.delimiter if isinstance(self.config, CsvConfig) else None
        source = Source(Path(path), format, delimiter=delimiter, on_error=self.config.on_error)
        part = self._part(key, source, source, text_field or self.config.text_field)
        self.hashes[key] = source.sha256
        self.notes += source.skipped_notes()
        if not len(part.labels):
            raise InputError(f"{path}: {self._why_empty(source)}")
        return part

    def made(self, key: str, rows: Iterable[Mapping[str, Any]]) -> Chunk:
        """Rows that were made and not read."""
        digest = hashlib.sha256()
        numbered = []
        for number, row in enumerate(rows, start=1):
            digest.update(json.dumps(row, sort_keys=True).encode("ascii"))
            numbered.append((number, row))
        self.hashes[key] = digest.hexdigest()
        part = self._part(key, numbered, None, self.config.text_field)
        if numbered and not len(part.labels):
            raise InputError(
                f"dataset.where = {dict(self.config.where)!r}: no comment of the corpus fits"
            )
        if not numbered:
            assert isinstance(self.config, DemoConfig)
            raise InputError(
                f"dataset.num_comments = {self.config.num_comments} with dataset.test_fraction = "
                f"{self.config.test_fraction}: leaves no comment for the {key} split"
            )
        return part

    def _part(
        self,
        key: str,
        rows: Iterable[tuple[int, Mapping[str, Any]]],
        source: Source | None,
        text_field: str,
    ) -> Chunk:
        find_words = self.labels.words if isinstance(self.labels, WordLabels) else None
        builder = ChunkBuilder(find_words)
        cut, left_out, lost = 0, 0, 0
        self._without_label = False
        self._seen: dict[str, set[str]] = {field: set() for field in self.config.where}
        for line, row in rows:
            try:
                if not self._fits(row):
                    left_out += 1
                    continue
                text, spans, label = self._read(row, text_field)
                group = self._group(row)
            except RowError as bad:
                if source is None:
                    raise InputError(f"dataset={self.config.kind}: {bad}") from None
                source.reject(line, bad)
                continue
            if label is None:
                self._without_label = True
                continue
            limit = self.config.max_length
            if limit is not None and len(text) > limit:
                cut, lost = cut + 1, lost + len(text) - limit
                text = text[:limit]
                spans = [(a, min(b, limit), number) for a, b, number in spans if a < limit]
            builder.append(text, label, group, row, spans)
        total = len(builder)
        part = builder.part()
        self.labels.end_of_training_rows()
        self.notes += self.labels.notes(key)
        if left_out:
            where = ", ".join(f"{name}={value}" for name, value in self.config.where.items())
            self.notes.append(f"{key}: {total:,} of {total + left_out:,} rows have {where}")
        if cut:
            self.notes.append(
                f"{key}: {cut:,} of {total:,} texts cut to {self.config.max_length:,} characters, "
                f"{lost:,} characters lost"
            )
        return part

    def _read(self, row: Mapping[str, Any], field: str) -> tuple[str, list[Span], int | None]:
        """The cleaned text of a row, its labelled spans, and the number of its label.

        Where words are labelled, the number is told by them, once they are found. Elsewhere there
        are no spans, and no number if the label does not count.
        """
        cleaning = self.config.cleaning
        if isinstance(self.labels, Labels):
            text = clean(text_of(row, field), cleaning).text
            return text, [], self.labels.number(row, self.label_field)
        text, spans = self.labels.read(row, field)
        cleaned = clean(text, cleaning)
        if cleaned.changes is not None:
            map_spans = ((*cleaned.changes.from_original(a, b), label) for a, b, label in spans)
            spans = [span for span in map_spans if span[0] < span[1]]
        return cleaned.text, spans, 0

    def _fits(self, row: Mapping[str, Any]) -> bool:
        for field, wanted in self.config.where.items():
            if field not in row:
                raise RowError(f"no field {field!r}, which dataset.where asks for")
            value = value_name(row[field])
            if value != value_name(wanted):
                if len(self._seen[field]) < 8:
                    self._seen[field].add(brief(value))
                return False
        return True

    def _group(self, row: Mapping[str, Any]) -> str | None:
        field = self.config.group_field if isinstance(self.config, FileDatasetConfig) else None
        if field is None:
            return None
        if field not in row:
            raise RowError(f"no field {field!r}, which dataset.group_field names")
        value = row[field]
        if value is None or value == "":
            return None
        return json.dumps(value, sort_keys=True) if not isinstance(value, str) else value

    def _why_empty(self, source: Source) -> str:
        if any(self._seen.values()):
            field = next(field for field, values in self._seen.items() if values)
            values = ", ".join(sorted(self._seen[field]))
            wanted = self.config.where[field]
            return f"no row has dataset.where.{field} = {wanted!r}; there are: {values}"
        if isinstance(self.labels, Labels) and self._without_label:
            return f"no row has one of task.labels = {self.labels.rules.labels!r}"
        return source.why_empty()


def _labels(rules: LabelRules | WordRules) -> Labels | WordLabels:
    if isinstance(rules, WordRules):
        return WordLabels(rules)
    return IgnoredLabels(rules) if rules.ignored else Labels(rules)
