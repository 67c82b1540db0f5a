"""Fields of a row: texts, labels, and how messages show them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


class RowError(Exception):
    """A row that cannot be used; `kind` is the reason that such rows are counted by."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind + detail)
        self.kind = kind


def text_of(row: Mapping[str, Any], field: str) -> str:
    """The text in `field` of a row.

    Raises:
        RowError: if there is none, or it is not text.
    """
    require_field(row, field)
    if not isinstance(row[field], str):
        raise RowError(f"the field {field!r} is not text", f" but {shown(row[field])}")
    return row[field]


def label_of(row: Mapping[str, Any], field: str) -> str:
    """The name of the label in `field` of a row; 1, 1.0, true, "1" and "true" are all "1".

    Raises:
        RowError: if there is none, or it is neither a whole number nor true or false nor text.
    """
    require_field(row, field)
    name = label_name(row[field])
    if not name:
        raise RowError(
            f"the field {field!r} is not a label",
            f" but {shown(row[field])}; a label is a whole number, true or false, or a name",
        )
    return name


def label_name(value: Any) -> str:
    """The name of a label or of another field's value, empty if it has none."""
    if isinstance(value, str):
        value = value.strip()
        lowered = value.lower()
        if lowered in ("true", "false"):
            return "1" if lowered == "true" else "0"
        return value.partition(".")[0] if re.fullmatch(r"-?\d{1,18}\.0+", value, re.A) else value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else ""
    # A whole number may be too long to be written; no label is.
    if isinstance(value, int) and abs(value) < 10**18:
        return str(int(value))
    return ""


def value_name(value: Any) -> str:
    """A field's value as `dataset.where` compares it: as a label, or else as JSON."""
    return label_name(value) or ("" if isinstance(value, str) else shown(value))


def brief(name: str) -> str:
    """A name from a file for a message: one line, at most 60 characters."""
    name = name if name.isprintable() else repr(name)[1:-1]
    return name if len(name) <= 60 else name[:57] + "..."


def require_field(row: Mapping[str, Any], field: str) -> None:
    """
    Raises:
        RowError: if the row has no such field.
    """
    if field not in row:
        names = ", ".join(map(brief, sorted(row)[:20])) or "none"
        raise RowError(f"no field {field!r}", f"; the fields are: {names}")


def shown(value: Any) -> str:
    """A value for a message, as JSON in at most 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=True, default=str)
    except (ValueError, RecursionError):
        return "a value that cannot be shown"
    return text if len(text) <= 60 else text[:57] + "..."
