"""Files of rows, read one row at a time: fastText lines, jsonl, csv and tsv.

Whatever bytes stand in a file, reading it gives rows or an `InputError` that names file, line and
reason. A bad row stops the reading, or is left out and counted by reason. Only one row is held at
a time, and the file's hash is taken on the way.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from vitrina.data.fields import RowError, shown, text_of
from vitrina.errors import InputError

MAX_LINE = 16 * 2**20
"""Bytes a line may have, and characters a field of a table may have."""

MAX_DEPTH = 100
"""Lists and objects that may stand in one another: what writes rows again is recursive."""

MAX_KINDS = 20
"""Reasons that skipped rows are counted by; all further ones are counted as one."""

TOXIC_LABELS = frozenset({"INSULT", "THREAT", "OBSCENITY"})
OK_LABELS = TOXIC_LABELS | {"NORMAL"}
"""Labels of the Odnoklassniki comments."""

FORMATS = ("fasttext", "jsonl", "csv")

_ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "fasttext",
}
_LABELS = re.compile(r"(?:__label__[^\s,]+(?:,|\s+|$))+")
_LABEL = re.compile(r"__label__([^\s,]+)")


def format_of(path: Path, default: str) -> str:
    """The format that a file's ending tells, or `default`."""
    return _ENDINGS.get(path.suffix.lower(), default)


class Source:
    """A file of rows; iterating gives (line number, fields) and may be done once.

    Attributes:
        path: the file.
        skipped: reason → the line of the first row left out for it, and the number of such rows.
    """

    def __init__(
        self, path: Path, format: str, *, delimiter: str | None = None, on_error: str = "fail"
    ) -> None:
        """
        Args:
            path: the file.
            format: one of `FORMATS`.
            delimiter: of a csv file; None: a tab for .tsv and .tab, else a comma.
            on_error: `fail` or `skip`.
        """
        assert format in FORMATS and on_error in ("fail", "skip"), (format, on_error)
        self.path = path
        self.on_error = on_error
        self.skipped: dict[str, tuple[int, int]] = {}
        self._format = format
        self._delimiter = delimiter or ("\t" if path.suffix.lower() in (".tsv", ".tab") else ",")
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Hash of what has been read so far; of the whole file at the end."""
        return self._hash.hexdigest()

    def reject(self, line: int, bad: RowError) -> None:
        """Refuse a row: raise `InputError`, or count it where bad rows are skipped."""
        if self.on_error == "fail":
            raise InputError(f"{self.path}:{line}: {bad}")
        known = bad.kind in self.skipped or len(self.skipped) < MAX_KINDS
        kind = bad.kind if known else "other reasons"
        first, count = self.skipped.get(kind, (line, 0))
        self.skipped[kind] = (first, count + 1)

    def skipped_notes(self) -> list[str]:
        """One sentence for each reason why rows were left out."""
        return [
            f"{self.path}: {count:,} {'row' if count == 1 else 'rows'} skipped: {kind} "
            f"(first in line {first})"
            for kind, (first, count) in self.skipped.items()
        ]

    def why_empty(self) -> str:
        """Why no row came of the file, for the end of an error message."""
        if not self.skipped:
            return "there are no rows in the file"
        kinds = (f"{count:,} × {kind}" for kind, (_, count) in self.skipped.items())
        return "no good row is left: " + "; ".join(kinds)

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """
        Raises:
            InputError: if the file cannot be read, or a row is bad and bad rows are not skipped.
        """
        readers = {"fasttext": _FastText, "jsonl": _Jsonl, "csv": _Csv}
        try:
            with self.path.open("rb") as file:
                yield from self._rows(readers[self._format](_Lines(file, self._hash), self))
        except OSError as error:
            raise InputError(f"{self.path}: {error.strerror or error}") from None

    def _rows(self, reader: _Reader) -> Iterator[tuple[int, dict[str, Any]]]:
        while True:
            try:
                row = reader.next()
            except RowError as bad:
                self.reject(bad.line or reader.lines.number, bad)
                continue
            if row is None:
                return
            yield row


def read_jsonl(path: Path, text_field: str) -> Iterator[dict[str, Any]]:
    """The rows of a jsonl file, each with a text in `text_field`.

    Raises:
        InputError: if the file cannot be read or a line is not such a JSON object.
    """
    source = Source(path, "jsonl")
    for line, row in source:
        try:
            text_of(row, text_field)
        except RowError as bad:
            source.reject(line, bad)
        yield row


class _Lines:
    """Lines of a file, decoded; the class rather than a generator, as it goes on after an error."""

    def __init__(self, file: BinaryIO, digest: hashlib._Hash) -> None:
        self.number = 0
        self._file, self._hash = file, digest

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        """The next line with its end.

        Raises:
            RowError: if it is not UTF-8 or too long.
        """
        data = self._file.readline(MAX_LINE + 1)
        if not data:
            raise StopIteration
        self._hash.update(data)
        self.number += 1
        if len(data) > MAX_LINE:
            while data and not data.endswith(b"\n"):
                data = self._file.readline(MAX_LINE)
                self._hash.update(data)
            raise RowError(f"the line is longer than {MAX_LINE:,} bytes")
        if self.number == 1:
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise RowError("not UTF-8 but UTF-16; save the file as UTF-8")
            data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            detail = f" (byte 0x{data[error.start]:02X} at byte {error.start + 1} of the line)"
            raise RowError("not UTF-8", detail) from None


class _Reader(ABC):
    """Rows of one format."""

    def __init__(self, lines: _Lines, source: Source) -> None:
        self.lines, self.source = lines, source

    @abstractmethod
    def next(self) -> tuple[int, dict[str, Any]] | None:
        """The next row and its line, None at the end; `RowError` if it cannot be used."""


class _LineReader(_Reader):
    """A row a line."""

    def next(self) -> tuple[int, dict[str, Any]] | None:
        for line in self.lines:
            if line.strip():  # an empty line is no row
                return self.lines.number, self.parse(line)
        return None

    @abstractmethod
    def parse(self, line: str) -> dict[str, Any]:
        """The row in a line."""


class _Jsonl(_LineReader):
    TOO_DEEP = f"JSON nested deeper than {MAX_DEPTH}"

    def parse(self, line: str) -> dict[str, Any]:
        try:
            row = json.loads(line.rstrip("\r\n"))
        except json.JSONDecodeError as error:
            reason = error.msg.removesuffix(" at")
            raise RowError("not JSON", f": {reason} at column {error.colno}") from None
        except ValueError as error:  # numbers of thousands of digits
            raise RowError("not JSON", f" that can be read: {str(error).split(';')[0]}") from None
        except RecursionError:
            raise RowError(self.TOO_DEEP) from None
        if not isinstance(row, dict):
            raise RowError("not a JSON object", f" but {shown(row)}")
        # Counting brackets is quick, and enough for all but a few rows.
        if line.count("[") + line.count("{") > MAX_DEPTH and _deeper(row, MAX_DEPTH):
            raise RowError(self.TOO_DEEP)
        return row


def _deeper(value: Any, depth: int) -> bool:
    """Whether more than `depth` lists and objects stand in one another."""
    level = [value]
    for _ in range(depth + 1):
        inside = [item for item in level if isinstance(item, dict | list)]
        level = [x for item in inside for x in (item.values() if isinstance(item, dict) else item)]
        if not inside:
            return False
    return True


class _FastText(_LineReader):
    """`__label__INSULT,__label__THREAT text`; labels may also stand apart by spaces."""

    def parse(self, line: str) -> dict[str, Any]:
        line = line.rstrip("\r\n")
        match = _LABELS.match(line.lstrip())
        if match is None:
            raise RowError("no __label__ at the start of the line")
        if "\r__label__" in line:
            raise RowError("lines end in CR alone; convert them to LF")
        labels = _LABEL.findall(match[0])
        unknown = [label for label in labels if label not in OK_LABELS]
        if unknown:
            allowed = ", ".join(sorted(OK_LABELS))
            raise RowError(f"unknown label {unknown[0][:60]!r}", f"; the labels are: {allowed}")
        text = line.lstrip()[match.end() :]
        if not text.strip():
            raise RowError("no text behind the labels")
        return {"text": text, "toxic": int(bool(TOXIC_LABELS & set(labels))), "labels": labels}


class _Csv(_Reader):
    """A table with a header; quoted fields may hold line ends."""

    def __init__(self, lines: _Lines, source: Source) -> None:
        super().__init__(lines, source)
        csv.field_size_limit(MAX_LINE)
        self._reader = csv.reader(self.lines, delimiter=self.source._delimiter, strict=True)
        try:
            header = self._record()
        except RowError as bad:
            raise InputError(f"{self.source.path}:{bad.line or self.lines.number}: {bad}") from None
        line, self._header = header or (0, [])
        twice = [name for name, count in Counter(self._header).items() if count > 1]
        if twice:
            raise InputError(
                f"{self.source.path}:{line}: more than one column is named {twice[0][:60]!r}"
            )

    def next(self) -> tuple[int, dict[str, Any]] | None:
        record = self._record()
        if record is None:
            return None
        line, values = record
        if len(values) != len(self._header):
            detail = f": {len(values)} where the header has {len(self._header)}"
            raise RowError("wrong number of fields", detail, line)
        return line, dict(zip(self._header, values, strict=True))

    def _record(self) -> tuple[int, list[str]] | None:
        while True:
            first = self.lines.number + 1
            try:
                values = next(self._reader)
            except StopIteration:
                return None
            except csv.Error as error:
                if "end of data" not in str(error):
                    raise RowError(f"not a row of a table ({error})", line=first) from None
                taken = f"{self.lines.number - first + 1:,}"
                raise RowError(
                    f"a quote is never closed and takes in the file's end, {taken} lines",
                    line=first,
                ) from None
            if values:  # an empty line is no row
                return first, values
