"""Settings of datasets: where the texts come from, which are kept, how they are split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import OmegaConf

from vitrina.errors import InputError, require
from vitrina.text.config import CleaningConfig


def _open() -> Any:
    """An empty mapping that takes any key, as `dataset.where={source: detox}` on a command line.

    Mappings in a composed configuration refuse keys that the YAML has not; the flag stays with this
    one through composing. So these two fields have a default, which no YAML file sets.
    """
    return OmegaConf.create({}, flags={"struct": False})


@dataclass(frozen=True)
class LabelRules:
    """How labels are read.

    Attributes:
        labels: those that count, in their order; None: those of the training rows, sorted.
        sets: whether a row has a set of labels and not one.
        separator: what stands between the labels of a set that is given as one text; None: a text
            is one label.
        ignored: whether no label is asked for; those that rows have still tell how rows are dealt
            to splits, which are then those of a task that asks for them.
    """

    labels: Sequence[str] | None = None
    sets: bool = False
    separator: str | None = None
    ignored: bool = False


WORD_SOURCES = ("auto", "lexicon", "pieces", "spans")


@dataclass(frozen=True)
class WordRules:
    """How labels of words are read.

    Attributes:
        source: one of `WORD_SOURCES`; auto: what the first row of each file holds.
        spans_field: field of a row with its spans.
        background: the label of words without one.
        lexicon: file of toxic words; None is the project's own.
    """

    source: str
    spans_field: str
    background: str
    lexicon: str | None = None


@dataclass(kw_only=True)
class DatasetConfig:
    """What all datasets share."""

    kind: str
    """Which dataset this is."""
    text_field: str
    """Field of a row that holds the text."""
    label_field: str | None
    """Field of a row that holds the label: a whole number, true or false, or a name; for
    task=multilabel a list of labels or a text that names them. Null, with dataset=ok alone: what
    the task asks for, `toxic` or `labels`."""
    where: dict[str, str] = field(default_factory=_open)
    """Keep only the rows whose fields have these values, for example {source: detox}."""
    val_fraction: float
    """Share of the training rows that is split off for validation where no file is given."""
    test_fraction: float
    """Share of the training rows that is split off for testing where no file is given."""
    split_seed: int | None
    """Seed by which rows are split and sampled; null: the run's seed."""
    limit_train: int | None
    """Training texts to keep, a stratified sample; null: all."""
    limit_val: int | None
    """Validation texts to keep, a stratified sample; null: all."""
    limit_test: int | None
    """Test texts to keep, a stratified sample; null: all."""
    extra: dict[str, str] = field(default_factory=_open)
    """Further test files by name: {name: path}."""
    pairs: str | None = None
    """Test file of disguises that people wrote: rows with the text as it was found, the same text
    corrected, and the label. Null: none."""
    corrected_field: str = "corrected"
    """Field of such a row that holds the corrected text."""
    max_length: int | None
    """Characters of a cleaned text that are kept; the rest is cut off. Null: all."""
    on_error: str
    """What a bad row does: fail (stop, naming file and line) or skip (leave it out, counted)."""
    cleaning: CleaningConfig
    """What is taken out of the texts when they are loaded."""

    def __post_init__(self) -> None:
        for key in ("text_field", "label_field"):
            value = getattr(self, key)
            named = bool(value) or (value is None and self.kind == "ok")
            require(named, f"dataset.{key}", value, "the name of a field")
        for key in ("val_fraction", "test_fraction"):
            value = getattr(self, key)
            require(0 < value < 1, f"dataset.{key}", value, "between 0 and 1, both excluded")
        total = self.val_fraction + self.test_fraction
        require(total < 1, "dataset.val_fraction + dataset.test_fraction", total, "below 1")
        for key in ("limit_train", "limit_val", "limit_test", "max_length"):
            value = getattr(self, key)
            require(value is None or value >= 1, f"dataset.{key}", value, "at least 1, or null")
        # A plain value in their place comes through the schema.
        for name in ("where", "extra"):
            value = getattr(self, name)
            require(isinstance(value, dict), f"dataset.{name}", value, "names with their values")
        for name, value in self.where.items():
            plain = value is None or isinstance(value, str | int | float)
            require(plain, f"dataset.where.{name}", value, "one value, not several")
        for name, value in self.extra.items():
            allowed = "the path of a file"
            require(bool(value) and isinstance(value, str), f"dataset.extra.{name}", value, allowed)
            taken = self.pairs is not None and name in ("pairs", "pairs_corrected")
            require(
                not taken, f"dataset.extra.{name}", value, "named otherwise beside dataset.pairs"
            )
        require(self.pairs != "", "dataset.pairs", self.pairs, "the path of a file, or null")
        require(
            bool(self.corrected_field),
            "dataset.corrected_field",
            self.corrected_field,
            "the name of a field",
        )
        seed = self.split_seed
        require(
            seed is None or 0 <= seed < 2**63, "dataset.split_seed", seed, "0 to 2^63 - 1, or null"
        )
        allowed = "fail or skip"
        require(self.on_error in ("fail", "skip"), "dataset.on_error", self.on_error, allowed)


@dataclass(kw_only=True)
class FileDatasetConfig(DatasetConfig):
    """Texts in files."""

    train: str | None
    """File of the training rows."""
    val: str | None
    """File of the validation rows; null: split off the training rows."""
    test: str | None
    """File of the test rows; null: split off the training rows."""
    group_field: str | None
    """Field whose equal values keep rows in one split when rows are split off; null: none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.train:
            raise InputError(
                f"dataset.train = {self.train!r}: must be the path of the training rows, "
                f"for example dataset.train=data/train.{self.kind}"
            )


@dataclass(kw_only=True)
class DemoConfig(DatasetConfig):
    """The demo corpus, made by a grammar: synthetic comments."""

    num_comments: int
    """Comments to make, all splits together."""
    corpus_seed: int
    """Seed by which the comments are made."""

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = "from 100 to 50000"
        require(
            100 <= self.num_comments <= 50_000, "dataset.num_comments", self.num_comments, allowed
        )
        seed = self.corpus_seed
        require(0 <= seed < 2**63, "dataset.corpus_seed", seed, "from 0 to 2^63 - 1")


@dataclass(kw_only=True)
class OkConfig(FileDatasetConfig):
    """The Odnoklassniki comments, as published (fastText lines) or converted to jsonl."""


@dataclass(kw_only=True)
class JsonlConfig(FileDatasetConfig):
    """Rows as JSON objects, one a line."""


@dataclass(kw_only=True)
class CsvConfig(FileDatasetConfig):
    """Rows of a table with a header, separated by commas or tabs."""

    delimiter: str | None
    """Character between fields; null: a tab in files that end in .tsv or .tab, else a comma."""

    def __post_init__(self) -> None:
        super().__post_init__()
        value = self.delimiter
        plain = value is None or (len(value) == 1 and value not in '"\r\n\0')
        require(plain, "dataset.delimiter", value, "one character, no quote or line end, or null")


OPTIONS: dict[str, type] = {
    "demo": DemoConfig,
    "ok": OkConfig,
    "jsonl": JsonlConfig,
    "csv": CsvConfig,
}
