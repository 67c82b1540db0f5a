"""Settings of the group `dataset`: which texts are loaded, how they are cleaned and split.

The target of a file dataset is a reader (`vitrina.data.formats.Reader`). The target of another one
makes its rows: `target(settings) -> {"train": rows, …}`, at least `train`; `val` and `test` are
split off the training rows where they are missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from vitrina.errors import InputError, require
from vitrina.registry import Settings, register, setting
from vitrina.text.config import CleaningConfig


@dataclass(frozen=True)
class LabelRules:
    """How labels of texts are read.

    Attributes:
        labels: the labels that count, in order; None: those of the training rows, sorted.
        sets: whether a row has a set of labels instead of one.
        separator: character between the labels of a set that is given as one text; None: a text is
            one label.
        ignored: whether the task needs no labels. Rows that have labels are still stratified by
            them, so that the splits are those of a task that needs them.
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
        source: one of `WORD_SOURCES`; auto: by the first row of each file.
        spans_field: field of a row with its spans.
        background: label of words without a label of their own.
        lexicon: file of toxic words; None: the project's own.
    """

    source: str
    spans_field: str
    background: str
    lexicon: str | None = None


class DatasetConfig(Settings):
    """Base class of the settings of datasets."""

    synthetic: ClassVar[bool] = False
    """Whether the texts are made up."""
    reads_files: ClassVar[bool] = False
    """Whether the target reads files; otherwise it makes rows."""
    endings: ClassVar[tuple[str, ...]] = ()
    """Endings of files that the target reads for all datasets, such as `.csv`."""
    if_missing: ClassVar[str] = ""
    """Advice for a missing training file, for the end of the message."""

    text_field: str = setting("text", non_empty=True)
    """Field of a row that holds the text."""
    label_field: str | None = setting("toxic", non_empty=True)
    """Field of a row that holds the label: a whole number, true or false, or a name; for
    task=multilabel a list of labels or a text that names them. Null: `toxic`, or `labels` for
    task=multilabel."""
    where: dict[str, str] = setting(open_keys=True)
    """Keep only the rows whose fields have these values, for example {source: detox}."""
    val_fraction: float = setting(0.1, gt=0, lt=1)
    """Share of the training rows that is split off for validation where no file is given."""
    test_fraction: float = setting(0.1, gt=0, lt=1)
    """Share of the training rows that is split off for testing where no file is given."""
    split_seed: int | None = setting(1, ge=0, lt=2**63)
    """Seed by which rows are split and sampled; null: the run's seed."""
    limit_train: int | None = setting(None, ge=1)
    """Training texts to keep, a stratified sample; null: all."""
    limit_val: int | None = setting(None, ge=1)
    """Validation texts to keep, a stratified sample; null: all."""
    limit_test: int | None = setting(None, ge=1)
    """Test texts to keep, a stratified sample; null: all."""
    extra: dict[str, str] = setting(open_keys=True, non_empty=True)
    """Further test files by name: {name: path}."""
    pairs: str | None = setting(None, non_empty=True)
    """Test file of disguises that people wrote: rows with the text as it was found, the same text
    corrected, and the label. Null: none."""
    corrected_field: str = setting("corrected", non_empty=True)
    """Field of such a row that holds the corrected text."""
    max_length: int | None = setting(1000, ge=1)
    """Characters of a cleaned text that are kept; the rest is cut off. Null: all."""
    on_error: str = setting("fail", choices=("fail", "skip"))
    """What a bad row does: fail (stop, naming file and line) or skip (leave it out, counted)."""
    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    """What is removed from the texts when they are loaded."""

    def check(self, key: str) -> None:
        total = self.val_fraction + self.test_fraction
        require(total < 1, f"{key}.val_fraction + {key}.test_fraction", total, "below 1")
        for name in ("where", "extra"):  # a single value in their place passes the schema
            value = getattr(self, name)
            require(isinstance(value, Mapping), f"{key}.{name}", value, "names with their values")
        for name, value in self.where.items():
            plain = isinstance(value, str | int | float)
            require(plain, f"{key}.where.{name}", value, "one value, not several")
        for name, value in self.extra.items():
            require(isinstance(value, str), f"{key}.extra.{name}", value, "the path of a file")
            taken = self.pairs is not None and name in ("pairs", "pairs_corrected")
            require(not taken, f"{key}.extra.{name}", value, f"of another name with {key}.pairs")

    def files(self) -> dict[str, str]:
        """Paths of the given splits, by `train`, `val` and `test`."""
        return {}

    def grouped_by(self) -> str | None:
        """Field whose equal values keep rows in one split; None if there is none."""
        return None

    def fractions(self, splits: Sequence[str]) -> list[float]:
        """Shares of the training rows that become `splits`."""
        return [getattr(self, f"{split}_fraction") for split in splits]


class FileDatasetConfig(DatasetConfig):
    """Base class of the settings of datasets in files."""

    reads_files: ClassVar[bool] = True

    train: str | None = None
    """File of the training rows."""
    val: str | None = None
    """File of the validation rows; null: split off the training rows."""
    test: str | None = None
    """File of the test rows; null: split off the training rows."""
    group_field: str | None = None
    """Field whose equal values keep rows in one split when rows are split off; null: none."""

    def check(self, key: str) -> None:
        super().check(key)
        if not self.train:
            raise InputError(
                f"{key}.train = {self.train!r}: must be the path of the training rows, "
                f"for example {key}.train=data/train.{self.kind}"
            )

    def files(self) -> dict[str, str]:
        given = {"train": self.train, "val": self.val, "test": self.test}
        return {split: path for split, path in given.items() if path}

    def grouped_by(self) -> str | None:
        return self.group_field


@register("dataset", "demo", "vitrina.data.demo:make_rows")
class DemoConfig(DatasetConfig):
    """Synthetic comments made by a grammar."""

    synthetic: ClassVar[bool] = True

    test_fraction: float = setting(0.2, gt=0, lt=1)
    """Share of the comments that are made for testing, from words that no training comment has."""
    num_comments: int = setting(6000, ge=100, le=50_000)
    """Comments to make, all splits together."""
    corpus_seed: int = setting(1, ge=0, lt=2**63)
    """Seed by which the comments are made."""

    @property
    def num_test(self) -> int:
        return round(self.num_comments * self.test_fraction)

    def check(self, key: str) -> None:
        super().check(key)
        require(
            0 < self.num_test < self.num_comments,
            f"{key}.test_fraction",
            self.test_fraction,
            f"a share of {key}.num_comments = {self.num_comments} that leaves comments to train "
            "and to test on",
        )

    def fractions(self, splits: Sequence[str]) -> list[float]:
        return [self.val_fraction / (1 - self.test_fraction)]  # val, as a share of all comments


@register("dataset", "jsonl", "vitrina.data.formats:read_json_lines")
class JsonlConfig(FileDatasetConfig):
    """Rows as JSON objects, one a line."""

    endings = (".jsonl", ".ndjson")


@register("dataset", "csv", "vitrina.data.formats:read_csv")
class CsvConfig(FileDatasetConfig):
    """Rows of a table with a header, separated by commas or tabs."""

    endings = (".csv", ".tsv", ".tab")

    delimiter: str | None = None
    """Character between fields; null: a tab in files that end in .tsv or .tab, else a comma."""

    def check(self, key: str) -> None:
        super().check(key)
        value = self.delimiter
        plain = value is None or (len(value) == 1 and value not in '"\r\n\0')
        require(plain, f"{key}.delimiter", value, "one character, no quote or line end, or null")


@register("dataset", "parquet", "vitrina.data.formats:read_parquet")
class ParquetConfig(FileDatasetConfig):
    """Rows of parquet files."""

    endings = (".parquet",)


@register("dataset", "ok", "vitrina.data.formats:read_fasttext")
class OkConfig(FileDatasetConfig):
    """Comments from Odnoklassniki, as published (fastText lines) or converted to jsonl."""

    if_missing = (
        "; download Toxic Russian Comments from Kaggle "
        "(kaggle.com/datasets/alexandersemiletov/toxic-russian-comments) and put its dataset.txt "
        "there, or set dataset.train; tools/prepare_ok_dataset.py converts it to jsonl"
    )

    train: str | None = "data/dataset.txt"
    """File of the training rows."""
    label_field: str | None = setting(None, non_empty=True)
    """As for other datasets; null: the field that the task needs, `toxic` or `labels`."""
