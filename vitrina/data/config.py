"""Settings of the group `dataset`: which texts are loaded, cleaned and split, and how.

The target of a file dataset is a reader (`vitrina.data.formats.Reader`). The target of any other
dataset generates rows: `target(settings) -> {"train": rows, …}`. Missing `val` and `test` rows are
split off the training rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from vitrina.errors import InputError, require
from vitrina.registry import Section, Settings, register, setting
from vitrina.text.config import CleaningConfig


@dataclass(frozen=True)
class LabelRules:
    """Rules to read the labels of texts.

    Attributes:
        labels: selected labels, in order; None: all labels of the training rows, sorted.
        sets: whether a row has a set of labels instead of one label.
        separator: character between the labels of a set in a string; None: a string is one label.
        ignored: whether the task needs no labels. Splits are still stratified by existing labels,
            so that they equal the splits of a task with labels.
    """

    labels: Sequence[str] | None = None
    sets: bool = False
    separator: str | None = None
    ignored: bool = False


WORD_SOURCES = ("auto", "lexicon", "pieces", "spans")


@dataclass(frozen=True)
class WordRules:
    """Rules to read the labels of words.

    Attributes:
        source: one of `WORD_SOURCES`; auto: chosen by the first row of each file.
        spans_field: field of a row with its spans.
        background: label of all other words.
        lexicon: file of toxic words; None: the default lexicon.
    """

    source: str
    spans_field: str
    background: str
    lexicon: str | None = None


BACKGROUND_PARTS = {
    "words": 34.0,
    "rude": 26.0,
    "languages": 8.0,
    "codes": 4.0,
    "signs": 2.0,
    "capitals": 16.0,
    "typos": 10.0,
    "mined": 0.0,
}
"""Default amount of each part of the background texts."""


class BackgroundConfig(Section):
    """Training texts that no comment corpus holds, drawn afresh in each epoch."""

    share: float = setting(0.0, ge=0, le=10)
    """Background texts for each training comment; 0: none. Requires task=classification with two
    classes."""
    weight: float = setting(0.5, gt=0, le=100)
    """Weight of a background text in the loss; a comment has 1."""
    parts: dict[str, float] = setting(open_keys=True, ge=0, lt=1e9)
    """Amount of each part by name; empty: a mix of all. words: honest Russian words, half of them
    with a rude root; rude: Russian words of the lexicon, labeled toxic; languages: other languages;
    codes: numbers, dates, prices, program code; signs: emoji and interjections; capitals, typos:
    training comments in capitals or with typing errors, with their labels; mined: honest words that
    the model calls toxic when an epoch begins, from a random pool."""

    def check(self, key: str) -> None:
        known = ", ".join(BACKGROUND_PARTS)
        require(isinstance(self.parts, Mapping), f"{key}.parts", self.parts, f"a map of {known}")
        for name, amount in self.parts.items():
            require(name in BACKGROUND_PARTS, f"{key}.parts.{name}", amount, f"one of {known}")
        nothing = bool(self.parts) and not any(self.parts.values())
        allowed = "amounts of which at least one is above 0"
        require(not nothing, f"{key}.parts", dict(self.parts), allowed)

    @property
    def mix(self) -> dict[str, float]:
        """Amount of each part by name, in the order of `BACKGROUND_PARTS`."""
        given = self.parts or BACKGROUND_PARTS
        return {name: float(given[name]) for name in BACKGROUND_PARTS if given.get(name)}


class DatasetConfig(Settings):
    """Base class of the settings of datasets."""

    synthetic: ClassVar[bool] = False
    """Whether the texts are generated."""
    reads_files: ClassVar[bool] = False
    """Whether the target reads files; otherwise it generates rows."""
    endings: ClassVar[tuple[str, ...]] = ()
    """File extensions that the target reads for all datasets, such as `.csv`."""
    if_missing: ClassVar[str] = ""
    """Advice at the end of the error message for a missing training file."""

    text_field: str = setting("text", non_empty=True)
    """Field of a row with the text."""
    label_field: str | None = setting("toxic", non_empty=True)
    """Field of a row with the label: a whole number, true, false or a name; for task=multilabel a
    list of labels or a string of labels. Null: `toxic`, or `labels` for task=multilabel."""
    where: dict[str, str] = setting(open_keys=True)
    """Keep only rows whose fields have these values, for example {source: detox}."""
    val_fraction: float = setting(0.1, gt=0, lt=1)
    """Share of the training rows to split off for validation if there is no validation file."""
    test_fraction: float = setting(0.1, gt=0, lt=1)
    """Share of the training rows to split off for testing if there is no test file."""
    split_seed: int | None = setting(1, ge=0, lt=2**63)
    """Seed of splits and samples; null: the seed of the run."""
    limit_train: int | None = setting(None, ge=1)
    """Size of a stratified sample of the training texts; null: all."""
    limit_val: int | None = setting(None, ge=1)
    """Size of a stratified sample of the validation texts; null: all."""
    limit_test: int | None = setting(None, ge=1)
    """Size of a stratified sample of the test texts; null: all."""
    extra: dict[str, str] = setting(open_keys=True, non_empty=True)
    """Further test files by name: {name: path}."""
    pairs: str | None = setting(None, non_empty=True)
    """Test file with real disguises: rows with the original text, the corrected text and the label.
    Null: none."""
    corrected_field: str = setting("corrected", non_empty=True)
    """Field of a row of `pairs` with the corrected text."""
    max_length: int | None = setting(1000, ge=1)
    """Maximum number of characters of a cleaned text; the rest is removed. Null: no limit."""
    on_error: str = setting("fail", choices=("fail", "skip"))
    """Treatment of invalid rows: fail (stop with file and line) or skip (skip and count them)."""
    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    """Steps that bring a text to the form in which it is shown, when it is loaded."""
    background: BackgroundConfig = field(default_factory=BackgroundConfig)
    """Further training texts."""

    def check(self, key: str) -> None:
        total = self.val_fraction + self.test_fraction
        require(total < 1, f"{key}.val_fraction + {key}.test_fraction", total, "below 1")
        for name in ("where", "extra"):  # the schema also accepts a single value
            value = getattr(self, name)
            require(isinstance(value, Mapping), f"{key}.{name}", value, "a map of names to values")
        for name, value in self.where.items():
            plain = isinstance(value, str | int | float)
            require(plain, f"{key}.where.{name}", value, "one value, not several")
        for name, value in self.extra.items():
            require(isinstance(value, str), f"{key}.extra.{name}", value, "the path of a file")
            taken = self.pairs is not None and name in ("pairs", "pairs_corrected")
            allowed = f"under another name, because {key}.pairs uses this one"
            require(not taken, f"{key}.extra.{name}", value, allowed)

    def check_with(self, config: Any) -> None:
        share, task = self.background.share, config.task
        fits = share == 0 or task.one_class_per_text
        allowed = f"0 with task={task.kind}, because background texts have one of two classes"
        require(fits, "dataset.background.share", share, allowed)

    def files(self) -> dict[str, str]:
        """Return the paths of given splits by `train`, `val` and `test`."""
        return {}

    def grouped_by(self) -> str | None:
        """Return the field whose equal values keep rows in one split, or None."""
        return None

    def fractions(self, splits: Sequence[str]) -> list[float]:
        """Return the shares of the training rows that become `splits`."""
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
    """Field whose equal values keep rows in one split; null: none."""

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
    """Synthetic comments generated by a grammar."""

    synthetic: ClassVar[bool] = True

    test_fraction: float = setting(0.2, gt=0, lt=1)
    """Share of test comments, which also use words that no training comment contains."""
    num_comments: int = setting(6000, ge=100, le=50_000)
    """Number of comments in all splits."""
    corpus_seed: int = setting(1, ge=0, lt=2**63)
    """Seed of the generated comments."""

    @property
    def num_test(self) -> int:
        return round(self.num_comments * self.test_fraction)

    def check(self, key: str) -> None:
        super().check(key)
        require(
            0 < self.num_test < self.num_comments,
            f"{key}.test_fraction",
            self.test_fraction,
            f"a share of {key}.num_comments = {self.num_comments} that leaves comments for "
            "training and testing",
        )

    def fractions(self, splits: Sequence[str]) -> list[float]:
        return [self.val_fraction / (1 - self.test_fraction)]  # val_fraction is of all comments


@register("dataset", "jsonl", "vitrina.data.formats:read_json_lines")
class JsonlConfig(FileDatasetConfig):
    """Rows as JSON objects, one per line."""

    endings = (".jsonl", ".ndjson")


@register("dataset", "csv", "vitrina.data.formats:read_csv")
class CsvConfig(FileDatasetConfig):
    """Rows of a table with a header and commas or tabs between fields."""

    endings = (".csv", ".tsv", ".tab")

    delimiter: str | None = None
    """Character between fields; null: a tab for .tsv and .tab files, else a comma."""

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
    """Odnoklassniki comments in the published format (fastText lines) or as jsonl."""

    if_missing = (
        "; download Toxic Russian Comments from Kaggle "
        "(kaggle.com/datasets/alexandersemiletov/toxic-russian-comments) and put its dataset.txt "
        "there, or set dataset.train; tools/prepare_ok_dataset.py converts it to jsonl"
    )

    train: str | None = "data/dataset.txt"
    """File of the training rows."""
    label_field: str | None = setting(None, non_empty=True)
    """As for other datasets; null: `toxic` or `labels`, as the task needs."""
