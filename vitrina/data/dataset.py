"""Loads datasets: `load_dataset(config, seed)`.

`notes` report skipped rows, truncated texts and splits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from vitrina.data.chunks import Chunk
from vitrina.data.config import DatasetConfig, LabelRules, WordRules
from vitrina.data.fields import brief
from vitrina.data.ingestion import RowReader
from vitrina.data.labels import IgnoredLabels
from vitrina.data.rows import Rows
from vitrina.data.splits import assign, components, stratified_sample
from vitrina.data.word_labels import WordLabels
from vitrina.errors import InputError, require
from vitrina.text.batch import TextBatch
from vitrina.text.spans import Spans


@dataclass
class Split:
    """The texts of one split.

    Attributes:
        name: `train`, `val`, `test`, or the name of a further test file.
        texts: cleaned and truncated texts.
        labels: int64 [num_texts], indices into `Dataset.label_names`; for labels of words, 1 if a
            word of the text has a label, else 0.
        rows: the original rows with all fields.
        words: labeled words, indices into `Dataset.label_names`; None for labels of texts.
    """

    name: str
    texts: TextBatch
    labels: np.ndarray
    rows: Rows
    words: Spans | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass
class Dataset:
    """Texts for training, validation and testing.

    Attributes:
        extra: further test files by name, including pairs.
        label_names: in the order of the task, else whole numbers by value, then other names. For
            label sets the names of `vitrina.data.labels`; for labels of words the background
            first. Empty if labels are ignored.
        synthetic: whether the texts are generated.
        notes: one sentence for each step that changed the data.
        hashes: sha256 of each file by its key in the configuration, or of the generated rows.
    """

    train: Split
    val: Split
    test: Split
    extra: dict[str, Split]
    label_names: list[str]
    synthetic: bool
    notes: list[str]
    hashes: dict[str, str]


@dataclass
class TestTexts:
    """The test texts of a `Dataset`, without training texts."""

    __test__ = False  # pytest must not collect it

    test: Split
    extra: dict[str, Split]
    label_names: list[str]
    notes: list[str]


@dataclass(frozen=True)
class RowSelection:
    """The rows of a chunk that form a split; texts move once, after all selections.

    Attributes:
        name: name of the split.
        chunk: the chunk with the rows.
        rows: int64 [num_texts], ascending, indices into the chunk.
        labels: int64 [num_texts], indices into `Dataset.label_names`.
    """

    name: str
    chunk: Chunk
    rows: np.ndarray
    labels: np.ndarray

    @classmethod
    def all_of(cls, name: str, chunk: Chunk, order: np.ndarray) -> RowSelection:
        """Select all rows; `order` maps the labels of a chunk to `Dataset.label_names`."""
        return cls(name, chunk, np.arange(len(chunk.labels)), order[chunk.labels])

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def letters(self) -> np.ndarray:
        """uint64 [num_texts], equal for near-duplicates."""
        return self.chunk.letters[self.rows]

    def take(self, indices: np.ndarray, name: str | None = None) -> RowSelection:
        """Select the rows of this selection at ascending `indices`."""
        return RowSelection(name or self.name, self.chunk, self.rows[indices], self.labels[indices])


def load_dataset(
    config: DatasetConfig,
    seed: int,
    rules: LabelRules | WordRules = LabelRules(),  # noqa: B008
) -> Dataset:
    """Read, clean, split and sample the texts of a dataset.

    Args:
        config: the settings of the dataset.
        seed: seed of splits and samples if `config.split_seed` is None.
        rules: rules for labels of texts or words; by default one label per row.

    Raises:
        InputError: if a file is missing or invalid, or a split has too few texts or labels.
    """
    seed = seed if config.split_seed is None else config.split_seed
    reader = RowReader(config, rules)
    chunks, extra = reader.splits(), reader.extra()
    names, order = reader.labels.in_order()
    ignored, of_words = (isinstance(reader.labels, t) for t in (IgnoredLabels, WordLabels))
    if len(names) < 2 and not ignored:
        raise InputError(
            f"{_origin(config, 'train')}: all {len(chunks['train'].labels):,} rows have the label "
            f"{names[0][:60]!r}; at least two labels are needed"
        )
    given = {key: RowSelection.all_of(key, chunk, order) for key, chunk in chunks.items()}
    selected = _split_off(config, given, seed, reader.notes)
    for key, split in selected.items():
        limit = getattr(config, f"limit_{key}")
        selected[key] = _sample(split, limit, seed, reader.notes)
        if not of_words:
            _require_labels(selected[key], [] if ignored else names, _origin(config, key))
    further = {name: RowSelection.all_of(name, chunk, order) for name, chunk in extra.items()}
    reader.notes += _overlap_notes(*selected.values(), *further.values())
    splits, others = _materialize(selected), _materialize(further)
    if isinstance(reader.labels, WordLabels):
        names = _name_word_labels(reader.labels, [*splits.values(), *others.values()])
        for key, split in splits.items():
            _require_labeled_words(split, names, _origin(config, key))
    names = [] if ignored else names
    reader.notes += [_summary(split, names) for split in (*splits.values(), *others.values())]
    return Dataset(
        **splits,
        extra=others,
        label_names=names,
        synthetic=config.synthetic,
        notes=reader.notes,
        hashes=reader.hashes,
    )


def load_test(config: DatasetConfig, seed: int) -> TestTexts:
    """Read the texts of `dataset.test`, further test files and pairs, with one label per text.

    Raises:
        InputError: if a file is missing or invalid, or all its texts have the same label.
    """
    seed = seed if config.split_seed is None else config.split_seed
    reader = RowReader(config, LabelRules())
    chunk, extra = reader.test(), reader.extra()
    names, order = reader.labels.in_order()
    whole = RowSelection.all_of("test", chunk, order)
    test = _sample(whole, config.limit_test, seed, reader.notes)
    _require_labels(test, names, _origin(config, "test"))
    further = {name: RowSelection.all_of(name, chunk, order) for name, chunk in extra.items()}
    splits, others = _materialize({"test": test}), _materialize(further)
    reader.notes += [_summary(split, names) for split in (*splits.values(), *others.values())]
    return TestTexts(splits["test"], others, names, reader.notes)


def _origin(config: DatasetConfig, key: str) -> str:
    return config.files().get(key, f"dataset={config.kind}")


def _materialize(selected: Mapping[str, RowSelection]) -> dict[str, Split]:
    """Build the splits of the selected rows; this empties their chunks."""
    splits = {}
    for chunk in {id(each.chunk): each.chunk for each in selected.values()}.values():
        parts = [each for each in selected.values() if each.chunk is chunk]
        split_of = np.full(len(chunk.labels), -1)
        for number, part in enumerate(parts):
            split_of[part.rows] = number
        moved = chunk.materialize(split_of, len(parts))
        for part, (texts, rows, words) in zip(parts, moved, strict=True):
            splits[part.name] = Split(part.name, texts, part.labels, rows, words)
    return {key: splits[key] for key in selected}


def _split_off(
    config: DatasetConfig, given: Mapping[str, RowSelection], seed: int, notes: list[str]
) -> dict[str, RowSelection]:
    """Return `train`, `val` and `test`; split missing ones off the training rows."""
    missing = [key for key in ("val", "test") if key not in given]
    train, parts = given["train"], dict(given)
    if missing:
        fractions = config.fractions(missing)
        component = components([train.letters, train.chunk.groups])
        to = assign(train.labels, component, [1 - sum(fractions), *fractions], seed)
        for number, key in enumerate(("train", *missing)):
            parts[key] = train.take(np.flatnonzero(to == number), key)
    groups = " and groups" if config.grouped_by() else ""
    for key in missing if config.reads_files else ():
        notes.append(
            f"{key}: {len(parts[key]):,} of {len(train):,} training rows split off "
            f"(seed {seed}; stratified, near-duplicates{groups} in one split)"
        )
    return {key: parts[key] for key in ("train", "val", "test")}


def _sample(split: RowSelection, limit: int | None, seed: int, notes: list[str]) -> RowSelection:
    if limit is None or limit >= len(split):
        return split
    num_labels = len(np.unique(split.labels))
    allowed = f"at least {num_labels}, the number of labels"
    require(limit >= num_labels, f"dataset.limit_{split.name}", limit, allowed)
    notes.append(
        f"{split.name}: {limit:,} of {len(split):,} texts kept by dataset.limit_{split.name}, "
        f"a stratified sample (seed {seed})"
    )
    return split.take(stratified_sample(split.labels, limit, seed))


def _require_labels(split: RowSelection, names: Sequence[str], origin: str) -> None:
    """Raise `InputError` if a split has no texts, or only one of the labels `names`."""
    present = np.unique(split.labels)
    if len(present) < (2 if names else 1):
        place = f"{origin}: the {split.name} split"
        if not len(present):
            raise InputError(f"{place} has no rows")
        raise InputError(
            f"{place} has only the label {names[present[0]][:60]!r} ({len(split):,} texts); "
            "at least two labels are needed"
        )


def _name_word_labels(labels: WordLabels, splits: Iterable[Split]) -> list[str]:
    """Renumber the labels of words in order; return their names."""
    names, order = labels.words_in_order()
    for split in splits:
        assert split.words is not None
        split.words = split.words.with_labels(order[split.words.labels])
    return names


def _require_labeled_words(split: Split, names: Sequence[str], origin: str) -> None:
    """Raise `InputError` if all words of a split have the same label."""
    assert split.words is not None
    present = np.unique(split.words.labels)
    if len(present) < 2:
        found = f"only the word label {names[present[0]][:60]!r}" if len(present) else "no words"
        raise InputError(
            f"{origin}: the {split.name} split has {found} ({len(split):,} texts); at least two "
            "labels are needed (see task.labels and task.spans_field)"
        )


def _overlap_notes(train: RowSelection, *others: RowSelection) -> list[str]:
    """Report the texts of other splits that are also training texts, one sentence per split."""
    shared = [(split, int(np.isin(split.letters, train.letters).sum())) for split in others]
    return [
        f"{split.name}: {number:,} of {len(split):,} texts are also in the training texts "
        "(ignoring case and all but letters)"
        for split, number in shared
        if number
    ]


def _summary(split: Split, names: Sequence[str]) -> str:
    """Report the texts of a split by label in one sentence; without `names` only their number."""
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
        words = f", {int(split.labels.sum()):,} with labeled words; {len(split.words):,} words"
    return f"{split.name}: {len(split):,} texts{words} ({shown}){blank}"
