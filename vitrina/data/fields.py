"""Fields of a row: texts, labels, and their form in messages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


class RowError(Exception):
    """An invalid row; skipped rows are counted by `kind`, the message without details."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind + detail)
        self.kind = kind


def text_of(row: Mapping[str, Any], field: str) -> str:
    """Return the text in `field` of a row.

    Raises:
        RowError: if the field is missing or is not text.
    """
    require_field(row, field)
    if not isinstance(row[field], str):
        raise RowError(f"the field {field!r} is not text", f" but {shown(row[field])}")
    return row[field]


def label_of(row: Mapping[str, Any], field: str) -> str:
    """Return the name of the label in `field` of a row; see `label_name`.

    Raises:
        RowError: if the field is missing or is not a label.
    """
    require_field(row, field)
    name = label_name(row[field])
    if not name:
        raise RowError(
            f"the field {field!r} is not a label",
            f" but {shown(row[field])}; allowed: a whole number, true, false or a name",
        )
    return name


def label_name(value: Any) -> str:
    """Return the name of a label, empty if the value is not a label.

    >>> [label_name(value) for value in (1, 1.0, True, "true", "1.0", "spam", None)]
    ['1', '1', '1', '1', '1', 'spam', '']
    """
    if isinstance(value, str):
        value = value.strip()
        lowered = value.lower()
        if lowered in ("true", "false"):
            return "1" if lowered == "true" else "0"
        return value.partition(".")[0] if re.fullmatch(r"-?\d{1,18}\.0+", value, re.A) else value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else ""
    # Python refuses to convert very long integers; labels are short.
    if isinstance(value, int) and abs(value) < 10**18:
        return str(int(value))
    return ""


def value_name(value: Any) -> str:
    """Return the form of a value that `dataset.where` compares: the label name, else JSON."""
    return label_name(value) or ("" if isinstance(value, str) else shown(value))


def brief(name: str) -> str:
    """Shorten a name from a file for a message: one line, at most 60 characters."""
    name = name if name.isprintable() else repr(name)[1:-1]
    return name if len(name) <= 60 else name[:57] + "..."


def require_field(row: Mapping[str, Any], field: str) -> None:
    """Raise `RowError` if a row has no such field."""
    if field not in row:
        names = ", ".join(map(brief, sorted(row)[:20])) or "none"
        raise RowError(f"no field {field!r}", f"; the fields are: {names}")


def shown(value: Any) -> str:
    """Return a value for a message: JSON, at most 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=True, default=str)
    except (ValueError, RecursionError):
        return "a value that cannot be shown"
    return text if len(text) <= 60 else text[:57] + "..."
