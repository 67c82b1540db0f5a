"""Datasets as the rest of the program sees them: `load_dataset(config, seed)`.

Everything that was done to the data (rows left out, texts cut, splits made) is said in `notes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from vitrina.data.checks import (
    overlap_notes,
    require_labelled_words,
    require_texts,
    require_two_labels,
    summary,
)
from vitrina.data.chunks import Chunk
from vitrina.data.config import (
    DatasetConfig,
    DemoConfig,
    FileDatasetConfig,
    LabelRules,
    WordRules,
)
from vitrina.data.demo import make_corpus
from vitrina.data.ingestion import RowReader
from vitrina.data.labels import IgnoredLabels
from vitrina.data.pairs import read_pairs
from vitrina.data.rows import Rows
from vitrina.data.splits import assign, components, stratified_sample
from vitrina.data.word_labels import WordLabels
from vitrina.errors import InputError
from vitrina.text.batch import TextBatch
from vitrina.text.spans import Spans


@dataclass
class Split:
    """Texts for one purpose.

    Attributes:
        name: `train`, `val`, `test`, or the name of a further test file.
        texts: cleaned and cut.
        labels: int64 [num_texts], index into `Dataset.label_names`.
        rows: the original rows, all fields.
        words: their words with labels, indices into `Dataset.label_names`, where words are labelled
            and not texts; `labels` then tells which texts have a word with a label.
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
        extra: further test files by name, pairs among them.
        label_names: whole numbers by value, as their decimal strings, then other names in order, or
            in the order that was asked for; of label sets as `vitrina.data.labels` names them; of
            words, where words are labelled, with that of unlabelled ones first.
            Empty where labels are ignored.
        synthetic: whether the training texts are made by the demo grammar.
        notes: what was done to the data, a sentence each.
        hashes: sha256 of each file by its key in the configuration, of the demo corpus alike.
    """

    train: Split
    val: Split
    test: Split
    extra: dict[str, Split]
    label_names: list[str]
    synthetic: bool
    notes: list[str]
    hashes: dict[str, str]


@dataclass(frozen=True)
class RowSelection:
    """The rows that will be a split. All is decided on numbers, and texts are moved once.

    Attributes:
        name: of the split.
        part: what the rows are of.
        places: int64 [num_texts], rising: which of its rows.
        labels: int64 [num_texts], index into `Dataset.label_names`.
    """

    name: str
    part: Chunk
    places: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    @property
    def letters(self) -> np.ndarray:
        """uint64 [num_texts], equal for near-duplicates."""
        return self.part.letters[self.places]

    def take(self, indices: np.ndarray, name: str | None = None) -> RowSelection:
        """Those of the rows that stand at `indices`, which rise."""
        return RowSelection(
            name or self.name, self.part, self.places[indices], self.labels[indices]
        )


def load_dataset(
    config: DatasetConfig,
    seed: int,
    rules: LabelRules | WordRules = LabelRules(),  # noqa: B008
) -> Dataset:
    """Read, clean, split and sample the texts that `config` describes.

    Args:
        config: one of the dataclasses in `vitrina.data.config`.
        seed: of splits and samples, where `config.split_seed` is null.
        rules: how labels are read, of texts or of words; one for each row by default.

    Raises:
        InputError: if a file is missing or bad, or too little is left to train and test on.
    """
    seed = seed if config.split_seed is None else config.split_seed
    reader = RowReader(config, rules)
    parts = _parts(config, reader)
    extra = {name: reader.file(f"extra.{name}", path) for name, path in config.extra.items()}
    extra |= read_pairs(reader, config)
    names, order = reader.labels.in_order()
    ignored = isinstance(reader.labels, IgnoredLabels)
    if len(names) < 2 and not ignored:
        raise InputError(
            f"{_origin(config, 'train')}: all {len(parts['train'].labels):,} rows have the label "
            f"{names[0][:60]!r}; at least two labels are needed"
        )
    chosen = {key: _all_of(key, part, order) for key, part in parts.items()}
    if len(chosen) < 3:
        chosen = _split_off(config, chosen, seed, reader.notes)
    chosen = {
        key: _sample(chosen[key], getattr(config, f"limit_{key}"), seed, reader.notes)
        for key in ("train", "val", "test")
    }
    for key, choice in chosen.items():
        if ignored:
            require_texts(choice, _origin(config, key))
        elif not isinstance(reader.labels, WordLabels):
            require_two_labels(choice, names, _origin(config, key))
    further = {name: _all_of(name, part, order) for name, part in extra.items()}
    reader.notes += overlap_notes(
        chosen["train"], [chosen["val"], chosen["test"], *further.values()]
    )
    splits, others = _deal(parts.values(), chosen), _deal(extra.values(), further)
    if isinstance(reader.labels, WordLabels):
        names, order = reader.labels.words_in_order()
        for split in (*splits.values(), *others.values()):
            assert split.words is not None
            split.words = split.words.with_labels(order[split.words.labels])
        for key, split in splits.items():
            require_labelled_words(split, names, _origin(config, key))
    names = [] if ignored else names
    reader.notes += [summary(split, names) for split in (*splits.values(), *others.values())]
    synthetic = isinstance(config, DemoConfig)
    return Dataset(
        **splits,
        extra=others,
        label_names=names,
        synthetic=synthetic,
        notes=reader.notes,
        hashes=reader.hashes,
    )


@dataclass
class TestTexts:
    """Texts for testing alone: as in a `Dataset`, without any to train on."""

    __test__ = False  # no test of pytest's

    test: Split
    extra: dict[str, Split]
    label_names: list[str]
    notes: list[str]


def load_test(config: FileDatasetConfig, seed: int) -> TestTexts:
    """Read the texts of `dataset.test`, further test files and pairs, one label for each text.

    Raises:
        InputError: if a file is missing or bad, or all its texts have one label.
    """
    assert config.test is not None
    reader = RowReader(config, LabelRules())
    extra_paths = {f"extra.{name}": path for name, path in config.extra.items()}
    reader.check_files({"test": config.test} | extra_paths | _pairs_path(config))
    part = reader.file("test", config.test)
    extra = {name: reader.file(f"extra.{name}", path) for name, path in config.extra.items()}
    extra |= read_pairs(reader, config)
    names, order = reader.labels.in_order()
    seed = seed if config.split_seed is None else config.split_seed
    test = _sample(_all_of("test", part, order), config.limit_test, seed, reader.notes)
    require_two_labels(test, names, config.test)
    splits = _deal([part], {"test": test})
    others = _deal(
        extra.values(), {name: _all_of(name, part, order) for name, part in extra.items()}
    )
    reader.notes += [summary(split, names) for split in (*splits.values(), *others.values())]
    return TestTexts(splits["test"], others, names, reader.notes)


def _pairs_path(config: DatasetConfig) -> dict[str, str]:
    return {} if config.pairs is None else {"pairs": config.pairs}


def _parts(config: DatasetConfig, reader: RowReader) -> dict[str, Chunk]:
    """What is read: always `train`, first; `val` and `test` where they are given."""
    extra = {f"extra.{name}": path for name, path in config.extra.items()}
    extra |= _pairs_path(config)
    if isinstance(config, DemoConfig):
        reader.check_files(extra)
        num_test = round(config.num_comments * config.test_fraction)
        train, test = make_corpus(config.num_comments - num_test, num_test, config.corpus_seed)
        reader.notes.append("the demo corpus is synthetic: its scores say nothing of real comments")
        return {"train": reader.made("train", train), "test": reader.made("test", test)}
    assert isinstance(config, FileDatasetConfig)
    given = {"train": config.train, "val": config.val, "test": config.test}
    paths = {key: path for key, path in given.items() if path}
    reader.check_files(paths | extra)
    return {key: reader.file(key, path) for key, path in paths.items()}


def _origin(config: DatasetConfig, key: str) -> str:
    return getattr(config, key, None) or f"the {key} part of dataset={config.kind}"


def _all_of(name: str, part: Chunk, order: np.ndarray) -> RowSelection:
    return RowSelection(name, part, np.arange(len(part.labels)), order[part.labels])


def _deal(parts: Iterable[Chunk], chosen: Mapping[str, RowSelection]) -> dict[str, Split]:
    """The splits that were chosen of these parts, which are empty then."""
    splits = {}
    for part in parts:
        choices = [choice for choice in chosen.values() if choice.part is part]
        to = np.full(len(part.labels), -1)
        for number, choice in enumerate(choices):
            to[choice.places] = number
        for choice, (texts, rows) in zip(choices, part.materialize(to, len(choices)), strict=True):
            splits[choice.name] = Split(choice.name, texts, choice.labels, rows)
        if part.words:
            for choice, words in zip(choices, part.deal_words(to, len(choices)), strict=True):
                splits[choice.name].words = words
    return {key: splits[key] for key in chosen}


def _split_off(
    config: DatasetConfig,
    chosen: dict[str, RowSelection],
    seed: int,
    notes: list[str],
) -> dict[str, RowSelection]:
    """What was chosen, with the splits that are missing taken from the training rows."""
    missing = [key for key in ("val", "test") if key not in chosen]
    fractions = [getattr(config, f"{key}_fraction") for key in missing]
    if isinstance(config, DemoConfig):  # of all comments, and the test comments are made apart
        fractions = [config.val_fraction / (1 - config.test_fraction)]
    train = chosen["train"]
    component = components([train.letters, train.part.groups])
    to = assign(train.labels, component, [1 - sum(fractions), *fractions], seed)
    for number, key in enumerate(missing, start=1):
        split_off = chosen[key] = train.take(np.flatnonzero(to == number), key)
        if not isinstance(config, DemoConfig):
            notes.append(
                f"{key}: {len(split_off):,} of {len(train):,} training rows split off "
                f"(seed {seed}; stratified, near-duplicates"
                f"{' and groups' if getattr(config, 'group_field', None) else ''} kept together)"
            )
    chosen["train"] = train.take(np.flatnonzero(to == 0))
    return chosen


def _sample(split: RowSelection, limit: int | None, seed: int, notes: list[str]) -> RowSelection:
    if limit is None or limit >= len(split):
        return split
    num_labels = len(np.unique(split.labels))
    if limit < num_labels:
        raise InputError(
            f"dataset.limit_{split.name} = {limit}: must be at least {num_labels}, "
            "the number of labels"
        )
    notes.append(
        f"{split.name}: {limit:,} of {len(split):,} texts kept by dataset.limit_{split.name}, "
        f"a stratified sample (seed {seed})"
    )
    return split.take(stratified_sample(split.labels, limit, seed))
