"""Labels of texts: one label or one label set per row, numbered by first occurrence.

A label set has a number like a label, so splits, samples and storage do not distinguish them. Its
name is the JSON list of its sorted labels, which `members` parses.
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
"""Maximum number of labels in sets; more labels mean that the field contains something else."""


class Labels:
    """Labels or label sets and their numbers; the training rows define the labels.

    Args:
        rules: rules to read the labels.

    Attributes:
        numbers: name → number, in order of first occurrence.
        known: all labels of the training rows, including those that are not selected.
    """

    def __init__(self, rules: LabelRules) -> None:
        self.rules = rules
        self.numbers: dict[str, int] = {}
        self.known: dict[str, None] = {}
        self._closed = False
        self._selected = None if rules.labels is None else frozenset(rules.labels)
        self._unselected: Counter[str] = Counter()

    def number(self, row: Mapping[str, Any], field: str) -> int | None:
        """Return the number of the label in `field` of a row; None if it is not selected.

        Raises:
            RowError: if there is no label, or it does not occur in the training rows.
        """
        if not self.rules.sets:
            name = label_of(row, field)
            self._add_known([name])
            if not self._is_selected(name):
                return None
        else:
            labels = label_set(row, field, self.rules.separator)
            self._add_known(labels)
            name = set_name(label for label in labels if self._is_selected(label))
        return self.numbers.setdefault(name, len(self.numbers))

    def end_of_training_rows(self) -> None:
        """Reject new labels from now on.

        Raises:
            InputError: if a label of `rules.labels` does not occur.
        """
        self._closed = bool(self.known)
        for index, name in enumerate(self.rules.labels or ()):
            if self.known and name not in self.known:
                raise InputError(
                    f"task.labels[{index}] = {name[:60]!r}: must be a label of the training rows; "
                    f"allowed: {self._list(self.known)}"
                )

    def notes(self, key: str) -> list[str]:
        """Report the labels that were not selected since the last call."""
        counts = self._unselected
        if not counts:
            return []
        named = ", ".join(f"{count:,} × {brief(name)}" for name, count in counts.most_common(8))
        more = f", and {len(counts) - 8} more" if len(counts) > 8 else ""
        done = "ignored labels" if self.rules.sets else "skipped rows with labels"
        counts.clear()
        return [f"{key}: {done} that are not in task.labels: {named}{more}"]

    def in_order(self) -> tuple[list[str], np.ndarray]:
        """Return names in order, and int64 [num_labels]: the index in it by label number."""
        given = None if self.rules.sets else self.rules.labels
        names = sorted_labels(self.numbers) if given is None else list(given)
        order = np.zeros(len(names), dtype=np.int64)
        order[[self.numbers[name] for name in names]] = np.arange(len(names))
        return names, order

    def _add_known(self, labels: Sequence[str]) -> None:
        for name in labels:
            if name in self.known:
                continue
            if self._closed:
                raise RowError(
                    f"the label {name[:60]!r} is not in the training rows",
                    f"; allowed: {self._list(self.known)}",
                )
            if self.rules.sets and len(self.known) >= MAX_LABELS:
                raise RowError(f"more than {MAX_LABELS} different labels")
            self.known[name] = None

    def _is_selected(self, name: str) -> bool:
        selected = self._selected is None or name in self._selected
        if not selected:
            self._unselected[name] += 1
        return selected

    @staticmethod
    def _list(names: Iterable[str]) -> str:
        return ", ".join(map(brief, islice(names, 20)))


class IgnoredLabels(Labels):
    """Labels for stratification only; missing and invalid labels are allowed."""

    def number(self, row: Mapping[str, Any], field: str) -> int:
        """Return the number of the label in `field`; missing and invalid labels share one."""
        return self.numbers.setdefault(label_name(row.get(field)), len(self.numbers))


def label_set(row: Mapping[str, Any], field: str, separator: str | None) -> list[str]:
    """Return the distinct labels in `field` of a row: a list, a string or a single label.

    An empty list and an empty string are the empty set.

    Raises:
        RowError: if the field is missing or contains an invalid label.
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
            f" but {shown(row[field])}; a label is a whole number, true, false or a name",
        )
    return list(dict.fromkeys(names))


def set_name(labels: Iterable[str]) -> str:
    """Return the name of a label set.

    >>> set_name(["threat", "insult"])
    '["insult", "threat"]'
    """
    return json.dumps(sorted_labels(labels), ensure_ascii=False)


def members(name: str) -> list[str]:
    """Return the labels of a set by its name."""
    return json.loads(name)


def sorted_labels(labels: Iterable[str]) -> list[str]:
    """Sort label names: whole numbers by value, then other names by code point.

    >>> sorted_labels(["b", "10", "9"])
    ['9', '10', 'b']
    """

    def rank(name: str) -> tuple[bool, int, str]:
        number = name.isascii() and name.removeprefix("-").isdigit() and len(name) < 20
        return not number, int(name) if number else 0, name

    return sorted(labels, key=rank)
