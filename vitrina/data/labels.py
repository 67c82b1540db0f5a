"""Labels of texts: one label or a set of labels for each row, numbered as they are met.

A label set is numbered like a label: splitting, sampling and storing do not distinguish them. Its
name is the JSON list of its labels in order, which `members` reads back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from vitrina.data.config import LabelRules
from vitrina.data.fields import RowError, brief, label_name, label_of, require_field, shown
from vitrina.errors import InputError

MAX_LABELS = 1000
"""Labels that sets may be made of; more are a sign that the field holds something else."""


class Labels:
    """Labels, or label sets, and their numbers; the training rows define which labels there are.

    Args:
        rules: how they are read.

    Attributes:
        numbers: name → number, in the order in which they were met.
        known: every label of the training rows, those that do not count as well.
    """

    def __init__(self, rules: LabelRules) -> None:
        self.rules = rules
        self.numbers: dict[str, int] = {}
        self.known: dict[str, None] = {}
        self._closed = False
        self._counted = None if rules.labels is None else frozenset(rules.labels)
        self._left: Counter[str] = Counter()

    def number(self, row: Mapping[str, Any], field: str) -> int | None:
        """The number of the label that a row has in `field`; None if it does not count.

        Raises:
            RowError: if there is no label, or it is not one of the training rows.
        """
        if not self.rules.sets:
            name = label_of(row, field)
            self._meet([name])
            if not self._counts(name):
                return None
        else:
            labels = label_set(row, field, self.rules.separator)
            self._meet(labels)
            name = set_name(label for label in labels if self._counts(label))
        return self.numbers.setdefault(name, len(self.numbers))

    def end_of_training_rows(self) -> None:
        """From here on a label must be one of those met so far.

        Raises:
            InputError: if one that must count was never met.
        """
        self._closed = bool(self.known)
        for index, name in enumerate(self.rules.labels or ()):
            if self.known and name not in self.known:
                raise InputError(
                    f"task.labels[{index}] = {name[:60]!r}: must be a label of the training rows "
                    f"(those are: {self._list(self.known)})"
                )

    def notes(self, key: str) -> list[str]:
        """What was left out of the rows since the last call."""
        if not self._left:
            return []
        named = ", ".join(f"{count:,} × {brief(name)}" for name, count in self._left.most_common(8))
        more = f", and {len(self._left) - 8} more" if len(self._left) > 8 else ""
        what = "labels ignored" if self.rules.sets else "rows left out: labels"
        self._left.clear()
        return [f"{key}: {what} that task.labels does not name: {named}{more}"]

    def in_order(self) -> tuple[list[str], np.ndarray]:
        """Names in order, and int64 [num_labels]: the place of each label's number in it."""
        given = None if self.rules.sets else self.rules.labels
        names = sorted_labels(self.numbers) if given is None else list(given)
        order = np.zeros(len(names), dtype=np.int64)
        order[[self.numbers[name] for name in names]] = np.arange(len(names))
        return names, order

    def _meet(self, labels: Sequence[str]) -> None:
        for name in labels:
            if name in self.known:
                continue
            if self._closed:
                raise RowError(
                    f"the label {name[:60]!r} is not one of the training rows",
                    f" (those are: {self._list(self.known)})",
                )
            if self.rules.sets and len(self.known) >= MAX_LABELS:
                raise RowError(f"more than {MAX_LABELS} different labels")
            self.known[name] = None

    def _counts(self, name: str) -> bool:
        counts = self._counted is None or name in self._counted
        if not counts:
            self._left[name] += 1
        return counts

    @staticmethod
    def _list(names: Iterable[str]) -> str:
        return ", ".join(map(brief, islice(names, 20)))


class IgnoredLabels(Labels):
    """What rows have in the field of the label, whatever it is; a row may have nothing there."""

    def number(self, row: Mapping[str, Any], field: str) -> int:
        """The number of what the row has in `field`; all that cannot be a label is one label."""
        return self.numbers.setdefault(label_name(row.get(field)), len(self.numbers))


def label_set(row: Mapping[str, Any], field: str, separator: str | None) -> list[str]:
    """The labels in `field` of a row, each once: a list of labels, a text, or a single label.

    An empty list and an empty text are the empty set.

    Raises:
        RowError: if there is none, or something in it is not a label.
    """
    require_field(row, field)
    value = row[field]
    if isinstance(value, str):
        parts = [value] if separator is None else value.split(separator)
        value = parts if value.strip() else []
    items = value if isinstance(value, list) else [value]
    names = [label_name(item) for item in items]
    if not all(names):
        raise RowError(
            f"the field {field!r} is not a set of labels",
            f" but {shown(row[field])}; a label is a whole number, true or false, or a name",
        )
    return list(dict.fromkeys(names))


def set_name(labels: Iterable[str]) -> str:
    """The name of a set of labels."""
    return json.dumps(sorted_labels(labels), ensure_ascii=False)


def members(name: str) -> list[str]:
    """The labels of the set of that name."""
    return json.loads(name)


def sorted_labels(labels: Iterable[str]) -> list[str]:
    """Label names in order: whole numbers first, by value, then other names by code point."""

    def rank(name: str) -> tuple[bool, int, str]:
        number = name.isascii() and name.removeprefix("-").isdigit() and len(name) < 20
        return not number, int(name) if number else 0, name

    return sorted(labels, key=rank)
