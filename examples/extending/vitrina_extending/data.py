"""Reads a file format."""

from collections.abc import Iterator

from vitrina.data.fields import RowError
from vitrina.data.formats import Row, Source
from vitrina_extending.config import MarkedConfig


def read_marked(settings: MarkedConfig, source: Source) -> Iterator[tuple[int, Row]]:
    """Read lines of the form `+ text` and `- text`."""
    return source.rows(_parse)


def _parse(line: str) -> Row:
    if line[0] not in "+-":
        raise RowError("no + or - at the start of the line")
    return {"text": line[1:], "toxic": int(line[0] == "+")}
