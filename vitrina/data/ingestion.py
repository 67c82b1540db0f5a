"""Converts rows to columns: selects, checks, cleans and truncates the rows one at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vitrina.data.chunks import Chunk, ChunkBuilder
from vitrina.data.config import DatasetConfig, LabelRules, WordRules
from vitrina.data.fields import RowError, brief, text_of, value_name
from vitrina.data.formats import Source, settings_for
from vitrina.data.labels import IgnoredLabels, Labels
from vitrina.data.word_labels import Span, WordLabels
from vitrina.errors import InputError
from vitrina.registry import build
from vitrina.text.cleaning import clean

RAW, CORRECTED = "pairs", "pairs_corrected"
"""Names of the two suites of `dataset.pairs`: original and corrected texts."""


class RowReader:
    """Reads the rows of one dataset; the training rows come first and define the labels.

    Args:
        config: the settings of the dataset.
        rules: rules for labels of texts or words.

    Attributes:
        notes: one sentence for each step that changed the data.
        hashes: sha256 of each file or of generated rows, by key.
        labels: the labels so far and their numbers.
    """

    def __init__(self, config: DatasetConfig, rules: LabelRules | WordRules) -> None:
        self.config = config
        self.notes: list[str] = []
        self.hashes: dict[str, str] = {}
        self.labels = _labels(rules)
        of_sets = isinstance(rules, LabelRules) and rules.sets
        self.label_field = config.label_field or ("labels" if of_sets else "toxic")

    def splits(self) -> dict[str, Chunk]:
        """Read or generate the rows of each split, `train` first.

        Raises:
            InputError: if a file is missing (checked before reading) or invalid.
        """
        files = self.config.files()
        self._require_files(files)
        if self.config.reads_files:
            return {split: self._file(split, path) for split, path in files.items()}
        generated = build("dataset", self.config)
        if self.config.synthetic:
            corpus = f"the {self.config.kind} corpus is synthetic"
            self.notes.append(f"{corpus}: its scores do not apply to real comments")
        return {split: self._generated(split, rows) for split, rows in generated.items()}

    def test(self) -> Chunk:
        """Read the file of the test split only."""
        test = {"test": self.config.files()["test"]}
        self._require_files(test)
        return self._file("test", test["test"])

    def extra(self) -> dict[str, Chunk]:
        """Read further test files and the original and corrected texts of `dataset.pairs`.

        Raises:
            InputError: if a file is invalid, or only one text of a pair is valid.
        """
        config, path = self.config, self.config.pairs
        chunks = {name: self._file(f"extra.{name}", each) for name, each in config.extra.items()}
        if path is None:
            return chunks
        raw = self._file("pairs", path)
        corrected = self._file("pairs", path, text_field=config.corrected_field)
        if len(raw.labels) != len(corrected.labels):
            raise InputError(
                f"{path}: {len(raw.labels):,} rows have a valid {config.text_field!r}, "
                f"{len(corrected.labels):,} a valid {config.corrected_field!r}; every row of "
                "pairs needs both"
            )
        return {**chunks, RAW: raw, CORRECTED: corrected}

    def _require_files(self, paths: Mapping[str, str]) -> None:
        extra = {f"extra.{name}": path for name, path in self.config.extra.items()}
        pairs = {"pairs": self.config.pairs} if self.config.pairs else {}
        for key, path in {**paths, **extra, **pairs}.items():
            if not Path(path).is_file():
                advice = self.config.if_missing if key == "train" else ""
                raise InputError(f"dataset.{key} = {path!r}: there is no such file{advice}")

    def _file(self, key: str, path: str, *, text_field: str | None = None) -> Chunk:
        file = Path(path)
        source = Source(file, settings_for(file, self.config), self.config.on_error)
        chunk = self._chunk(key, source, source, text_field or self.config.text_field)
        self.hashes[key] = source.sha256
        self.notes += source.skipped_notes()
        if not len(chunk.labels):
            raise InputError(f"{path}: {self._why_empty(source)}")
        return chunk

    def _generated(self, key: str, rows: Iterable[Mapping[str, Any]]) -> Chunk:
        digest = hashlib.sha256()
        numbered = []
        for number, row in enumerate(rows, start=1):
            digest.update(json.dumps(row, sort_keys=True).encode("ascii"))
            numbered.append((number, row))
        self.hashes[key] = digest.hexdigest()
        chunk = self._chunk(key, numbered, None, self.config.text_field)
        if not len(chunk.labels):
            where = f"dataset.where = {dict(self.config.where)!r}"
            raise InputError(f"{where}: matches none of {len(numbered):,} rows for {key}")
        return chunk

    def _chunk(
        self,
        key: str,
        rows: Iterable[tuple[int, Mapping[str, Any]]],
        source: Source | None,
        text_field: str,
    ) -> Chunk:
        """Convert the selected rows to columns; `source` rejects invalid rows."""
        builder = ChunkBuilder(self.labels.words if isinstance(self.labels, WordLabels) else None)
        truncated, skipped, lost = 0, 0, 0
        self._without_label = False
        self._seen: dict[str, set[str]] = {field: set() for field in self.config.where}
        for line, row in rows:
            try:
                if not self._matches(row):
                    skipped += 1
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
                truncated, lost = truncated + 1, lost + len(text) - limit
                text = text[:limit]
                spans = [(a, min(b, limit), number) for a, b, number in spans if a < limit]
            builder.append(text, label, group, row, spans)
        total = len(builder)
        chunk = builder.chunk()
        self.labels.end_of_training_rows()
        self.notes += self.labels.notes(key)
        if skipped:
            where = ", ".join(f"{name}={value}" for name, value in self.config.where.items())
            self.notes.append(f"{key}: {total:,} of {total + skipped:,} rows have {where}")
        if truncated:
            self.notes.append(
                f"{key}: {truncated:,} of {total:,} texts truncated to {self.config.max_length:,} "
                f"characters, {lost:,} characters lost"
            )
        return chunk

    def _read(self, row: Mapping[str, Any], field: str) -> tuple[str, list[Span], int | None]:
        """Return the cleaned text of a row, its labeled spans, and the number of its label.

        For labels of words the number is 0; `ChunkBuilder` sets it later. For labels of texts there
        are no spans, and the number is None if the label is not selected.
        """
        cleaning = self.config.cleaning
        if isinstance(self.labels, Labels):
            text = clean(text_of(row, field), cleaning).text
            return text, [], self.labels.number(row, self.label_field)
        text, spans = self.labels.read(row, field)
        cleaned = clean(text, cleaning)
        if cleaned.changes is not None:
            mapped = ((*cleaned.changes.from_original(a, b), label) for a, b, label in spans)
            spans = [span for span in mapped if span[0] < span[1]]
        return cleaned.text, spans, 0

    def _matches(self, row: Mapping[str, Any]) -> bool:
        for field, expected in self.config.where.items():
            if field not in row:
                raise RowError(f"no field {field!r}, which dataset.where names")
            value = value_name(row[field])
            if value != value_name(expected):
                if len(self._seen[field]) < 8:
                    self._seen[field].add(brief(value))
                return False
        return True

    def _group(self, row: Mapping[str, Any]) -> str | None:
        field = self.config.grouped_by()
        if field is None:
            return None
        if field not in row:
            raise RowError(f"no field {field!r}, which dataset.group_field names")
        value = row[field]
        if value is None or value == "":
            return None
        return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)

    def _why_empty(self, source: Source) -> str:
        if any(self._seen.values()):
            field = next(field for field, values in self._seen.items() if values)
            values = ", ".join(sorted(self._seen[field]))
            expected = self.config.where[field]
            return f"no row has dataset.where.{field} = {expected!r}; values in the file: {values}"
        if isinstance(self.labels, Labels) and self._without_label:
            return f"no row has one of task.labels = {self.labels.rules.labels!r}"
        return source.why_empty()


def _labels(rules: LabelRules | WordRules) -> Labels | WordLabels:
    if isinstance(rules, WordRules):
        return WordLabels(rules)
    return IgnoredLabels(rules) if rules.ignored else Labels(rules)
