"""File formats: fastText lines, jsonl, csv, tsv and parquet, also compressed, one row at a time.

For any bytes a reader yields rows or raises an `InputError` with file, line and reason. An invalid
row stops the reader, or is skipped and counted by reason.

pyarrow reads parquet and compressed files. Its csv and json readers are not suitable: they report
no line numbers, accept `"x"y` as a field, reject lone surrogates and columns of mixed types, and
round large numbers. `csv` is as fast (0.84 s per million rows, pyarrow 1.09 s).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from vitrina.data.config import DatasetConfig, JsonlConfig
from vitrina.data.fields import RowError, shown, text_of
from vitrina.errors import InputError
from vitrina.registry import component, components

MAX_LINE = 16 * 2**20
"""Maximum bytes of a line, and maximum characters of a table field."""

MAX_DEPTH = 100
"""Maximum depth of nested lists and objects, because the JSON encoder is recursive."""

MAX_KINDS = 20
"""Maximum number of distinct reasons for skipped rows; further reasons are counted together."""

TOXIC_LABELS = frozenset({"INSULT", "THREAT", "OBSCENITY"})
OK_LABELS = TOXIC_LABELS | {"NORMAL"}
"""Labels of the Odnoklassniki comments."""

COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
"""Compression by the last extension of a file."""

_LABELS = re.compile(r"(?:__label__[^\s,]+(?:,|\s+|$))+")
_LABEL = re.compile(r"__label__([^\s,]+)")

Row = dict[str, Any]


class Reader(Protocol):
    """Signature of a file reader, the target of a dataset with a `FileDatasetConfig`."""

    def __call__(self, settings: Any, source: Source, /) -> Iterator[tuple[int, Row]]:
        """Yield line number and fields of each row, in order.

        Args:
            settings: the settings of the dataset.
            source: the file. A line format returns `source.rows(parse)`; other readers pass an
                invalid row to `source.reject` and continue.
        """
        ...


def ending_of(path: Path) -> str:
    """Return the extension of a file without that of its compression.

    >>> ending_of(Path("a.jsonl.gz"))
    '.jsonl'
    """
    endings = [each.lower() for each in path.suffixes]
    if endings and endings[-1] in COMPRESSED:
        endings.pop()
    return endings[-1] if endings else ""


def settings_for(path: Path, config: DatasetConfig) -> DatasetConfig:
    """Return the settings of the format of `path`, a file of the dataset of `config`.

    The format of the dataset applies unless the extension belongs to another format. The default
    for files of a dataset without files is jsonl.
    """
    ending = ending_of(path)
    own = config if config.reads_files else None
    if own is None or ending not in own.endings:
        for each in components("dataset").values():
            form: Any = each.settings
            if ending in form.endings:
                return form(train=str(path))
    return own or JsonlConfig(train=str(path))


class Source:
    """A file of rows; iterates once over (line number, fields).

    Args:
        path: the file.
        settings: the settings of its format.
        on_error: `fail` or `skip`.

    Attributes:
        line: number of the last line.
        skipped: reason → line of the first row skipped for it, and number of such rows.
    """

    def __init__(self, path: Path, settings: DatasetConfig, on_error: str = "fail") -> None:
        self.path, self.settings, self.on_error = path, settings, on_error
        self.line = 0
        self.skipped: dict[str, tuple[int, int]] = {}

    @property
    def sha256(self) -> str:
        """The sha256 hash of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        """Yield line number and fields of each valid row.

        Raises:
            InputError: if the file cannot be read, or `on_error` is `fail` and a row is invalid.
        """
        reader: Reader = component("dataset", self.settings.kind).load()
        try:
            yield from reader(self.settings, self)
        except OSError as error:
            place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
            raise InputError(f"{place}: {error.strerror or error}") from None

    def rows(self, parse: Callable[[str], Row]) -> Iterator[tuple[int, Row]]:
        """Yield line number and `parse(line)` of each line that is not empty.

        Args:
            parse: returns the row of a line; raises `RowError` if it is invalid.
        """
        for line in self.lines():
            try:
                text = _text_or_raise(line)
                if not text.strip():
                    continue
                row = parse(text)
            except RowError as bad:
                self.reject(self.line, bad)
                continue
            yield self.line, row

    def lines(self) -> Iterator[str | RowError]:
        """Yield each line with its line end, or the error if it is not text."""
        with self._open() as file:
            while data := file.readline(MAX_LINE + 1):
                self.line += 1
                if len(data) > MAX_LINE:
                    while data and not data.endswith(b"\n"):
                        data = file.readline(MAX_LINE)
                    yield RowError(f"the line is longer than {MAX_LINE:,} bytes")
                else:
                    yield _decoded(data, first=self.line == 1)

    def _open(self) -> IO[bytes]:
        compression = COMPRESSED.get(self.path.suffix.lower())
        file = self.path.open("rb")
        if compression is None:
            return file
        import pyarrow  # takes 0.2 s to load

        return io.BufferedReader(pyarrow.CompressedInputStream(file, compression))

    def reject(self, line: int, bad: RowError) -> None:
        """Reject an invalid row: raise `InputError`, or count it if `on_error` is `skip`."""
        if self.on_error == "fail":
            raise InputError(f"{self.path}:{line}: {bad}")
        known = bad.kind in self.skipped or len(self.skipped) < MAX_KINDS
        kind = bad.kind if known else "other reasons"
        first, count = self.skipped.get(kind, (line, 0))
        self.skipped[kind] = (first, count + 1)

    def skipped_notes(self) -> list[str]:
        """Return one sentence per reason for skipped rows."""
        return [
            f"{self.path}: {count:,} {'row' if count == 1 else 'rows'} skipped: {kind} "
            f"(first in line {first})"
            for kind, (first, count) in self.skipped.items()
        ]

    def why_empty(self) -> str:
        """Return why the file has no valid row, for the end of an error message."""
        if not self.skipped:
            return "there are no rows in the file"
        kinds = (f"{count:,} × {kind}" for kind, (_, count) in self.skipped.items())
        return "there are no valid rows: " + "; ".join(kinds)


def read_jsonl(path: Path, text_field: str) -> Iterator[Row]:
    """Yield the rows of a jsonl file, or of a file in the format of its extension.

    Raises:
        InputError: if the file cannot be read, or a row has no text in `text_field`.
    """
    source = Source(path, settings_for(path, JsonlConfig(train=str(path))))
    for line, row in source:
        try:
            text_of(row, text_field)
        except RowError as bad:
            source.reject(line, bad)
        yield row


def _decoded(data: bytes, *, first: bool) -> str | RowError:
    if first:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return RowError("not UTF-8 but UTF-16; save the file as UTF-8")
        data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f" (byte 0x{data[error.start]:02X} at byte {error.start + 1} of the line)"
        return RowError("not UTF-8", detail)


def _text_or_raise(line: str | RowError) -> str:
    if isinstance(line, RowError):
        raise line
    return line


def read_json_lines(settings: Any, source: Source) -> Iterator[tuple[int, Row]]:
    """Read JSON objects, one per line."""
    return source.rows(_parse_json)


def _parse_json(line: str) -> Row:
    too_deep = f"JSON nested deeper than {MAX_DEPTH}"
    try:
        # orjson is 2.7 times as fast (10 % of the loading time), but rejects lone surrogates and
        # NaN and rounds large numbers.
        row = json.loads(line.rstrip("\r\n"))
    except json.JSONDecodeError as error:
        reason = error.msg.removesuffix(" at")
        raise RowError("not JSON", f": {reason} at column {error.colno}") from None
    except ValueError as error:  # numbers with thousands of digits
        raise RowError("not JSON", f": {str(error).split(';')[0]}") from None
    except RecursionError:
        raise RowError(too_deep) from None
    if not isinstance(row, dict):
        raise RowError("not a JSON object", f" but {shown(row)}")
    # Counting brackets is fast and sufficient for almost all rows.
    if line.count("[") + line.count("{") > MAX_DEPTH and _is_deeper(row, MAX_DEPTH):
        raise RowError(too_deep)
    return row


def _is_deeper(value: Any, depth: int) -> bool:
    """Return whether lists and objects are nested deeper than `depth`."""
    level = [value]
    for _ in range(depth + 1):
        inside = [item for item in level if isinstance(item, dict | list)]
        level = [x for item in inside for x in (item.values() if isinstance(item, dict) else item)]
        if not inside:
            return False
    return True


def read_fasttext(settings: Any, source: Source) -> Iterator[tuple[int, Row]]:
    """Read lines `__label__INSULT,__label__THREAT text`; spaces may separate the labels."""
    return source.rows(_parse_fasttext)


def _parse_fasttext(line: str) -> Row:
    line = line.rstrip("\r\n").lstrip()
    match = _LABELS.match(line)
    if match is None:
        raise RowError("no __label__ at the start of the line")
    if "\r__label__" in line:
        raise RowError("lines end with CR only; convert them to LF")
    labels = _LABEL.findall(match[0])
    unknown = [label for label in labels if label not in OK_LABELS]
    if unknown:
        allowed = ", ".join(sorted(OK_LABELS))
        raise RowError(f"unknown label {unknown[0][:60]!r}", f"; allowed: {allowed}")
    text = line[match.end() :]
    if not text.strip():
        raise RowError("no text after the labels")
    return {"text": text, "toxic": int(bool(TOXIC_LABELS & set(labels))), "labels": labels}


def read_csv(settings: Any, source: Source) -> Iterator[tuple[int, Row]]:
    """Read a table with a header; quoted fields may contain line ends."""
    tabs = ending_of(source.path) in (".tsv", ".tab")
    delimiter = settings.delimiter or ("\t" if tabs else ",")
    header: list[str] | None = None
    for line, values in _records(source, delimiter):
        if header is None:
            if isinstance(values, RowError):
                raise InputError(f"{source.path}:{line}: {values}")
            header = values
            twice = [name for name, count in Counter(header).items() if count > 1]
            if twice:
                reason = f"more than one column is named {twice[0][:60]!r}"
                raise InputError(f"{source.path}:{line}: {reason}")
        elif isinstance(values, RowError):
            source.reject(line, values)
        elif len(values) != len(header):
            detail = f": {len(values)} where the header has {len(header)}"
            source.reject(line, RowError("wrong number of fields", detail))
        else:
            yield line, dict(zip(header, values, strict=True))


def _records(source: Source, delimiter: str) -> Iterator[tuple[int, list[str] | RowError]]:
    """Yield first line and fields of each record of a table, or the error of the record."""
    csv.field_size_limit(MAX_LINE)
    # Unlike a generator, `map` continues after an error.
    table = csv.reader(map(_text_or_raise, source.lines()), delimiter=delimiter, strict=True)
    while True:
        first = source.line + 1
        try:
            values = next(table)
        except StopIteration:
            return
        except RowError as bad:
            yield source.line, bad
        except csv.Error as error:
            if "end of data" not in str(error):
                yield first, RowError(f"not a row of a table ({error})")
            else:
                lost = f"{source.line - first + 1:,}"
                yield first, RowError(f"unclosed quote, which includes the last {lost} lines")
        else:
            if values:  # skip empty lines
                yield first, values


def read_parquet(settings: Any, source: Source) -> Iterator[tuple[int, Row]]:
    """Read a parquet file; the row number serves as the line number."""
    import pyarrow.parquet  # takes 0.2 s to load

    try:
        with pyarrow.parquet.ParquetFile(source.path) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    source.line += 1
                    yield source.line, row
    except (pyarrow.ArrowException, ValueError) as error:
        reason = (str(error).splitlines() or ["?"])[0]
        raise InputError(f"{source.path}: not a valid parquet file ({reason})") from None
