"""What splits must have, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from vitrina.data.fields import brief
from vitrina.errors import InputError

if TYPE_CHECKING:
    from vitrina.data.dataset import RowSelection, Split


def require_labelled_words(split: Split, names: list[str], origin: str) -> None:
    """
    Raises:
        InputError: if all words of a split have one label.
    """
    assert split.words is not None
    present = np.unique(split.words.labels)
    if len(present) < 2:
        found = (
            f"all words have the label {names[present[0]][:60]!r}" if len(present) else "no word"
        )
        raise InputError(
            f"{origin}: {found} in the {split.name} split of {len(split):,} texts; words with and "
            "without a label are needed (task.labels and task.spans_field say where they stand)"
        )


def require_texts(split: RowSelection, origin: str) -> None:
    """
    Raises:
        InputError: if a split has none.
    """
    if not len(split):
        raise InputError(f"{origin}: no rows in the {split.name} split; at least one is needed")


def require_two_labels(split: RowSelection, names: list[str], origin: str) -> None:
    """
    Raises:
        InputError: if all texts of a split have one label.
    """
    present = np.unique(split.labels)
    if len(present) < 2:
        found = f"only the label {names[present[0]][:60]!r}" if len(present) else "no rows"
        raise InputError(
            f"{origin}: {found} in the {split.name} split of {len(split):,} texts; "
            "at least two labels are needed"
        )


def overlap_notes(train: RowSelection, others: Sequence[RowSelection]) -> list[str]:
    """How many texts of the other splits stand in the training texts too, a sentence each."""
    known = train.letters
    notes = []
    for split in others:
        shared = int(np.isin(split.letters, known).sum())
        if shared:
            notes.append(
                f"{split.name}: {shared:,} of {len(split):,} texts also stand in the training "
                "texts (but for case and what is not a letter)"
            )
    return notes


def summary(split: Split, names: list[str]) -> str:
    """How many texts a split has of each label, in a sentence; no labels without `names`."""
    empty = int((split.texts.lengths == 0).sum())
    blank = f"; {empty:,} are empty" if empty else ""
    if not names:
        return f"{split.name}: {len(split):,} texts{blank}"
    labels = split.labels if split.words is None else split.words.labels
    counts = np.bincount(labels, minlength=len(names))
    named = zip(counts.tolist(), names, strict=True)
    shown = ", ".join(f"{count:,} × {brief(name)}" for count, name in islice(named, 10))
    if len(names) > 10:
        shown += f", and {len(names) - 10} more labels"
    words = ""
    if split.words is not None:
        words = f", {int(split.labels.sum()):,} with labelled words; {len(split.words):,} words"
    return f"{split.name}: {len(split):,} texts{words} ({shown}){blank}"
