from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from tests.data.sets import settings_of
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.data.demo import make_corpus
from vitrina.data.splits import near_duplicate_hashes
from vitrina.errors import InputError


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return load_dataset(settings_of("dataset=demo"), seed=1)


def words_f1(dataset: Dataset, num_words: int) -> float:
    """Return the test F1 of a logistic regression on word n-grams up to `num_words`."""
    counts = CountVectorizer(token_pattern=r"\w+", ngram_range=(1, num_words))
    model = LogisticRegression(solver="liblinear", random_state=0)
    model.fit(counts.fit_transform(dataset.train.texts.to_strings()), dataset.train.labels)
    found = model.predict(counts.transform(dataset.test.texts.to_strings()))
    return float(f1_score(dataset.test.labels, found))


def test_comments_depend_on_the_seed() -> None:
    first, again, other = (make_corpus(80, 20, seed) for seed in (1, 1, 2))
    assert first == again
    assert not {row["text"] for row in first[0]} & {row["text"] for row in other[0]}


def test_every_split_has_both_labels_and_all_fields(demo: Dataset) -> None:
    assert [len(demo.train), len(demo.val), len(demo.test)] == [4200, 600, 1200]
    assert demo.synthetic and demo.label_names == ["0", "1"]
    for split in (demo.train, demo.val, demo.test):
        assert 0.4 < split.labels.mean() < 0.6
        row = split.rows[0]
        assert set(row) == {"text", "toxic", "topic", "pattern"}
        assert row["toxic"] == split.labels[0]
    assert any("synthetic" in note for note in demo.notes)


def test_the_corpus_has_no_near_duplicates(demo: Dataset) -> None:
    hashes = np.concatenate(
        [near_duplicate_hashes(split.texts) for split in (demo.train, demo.val, demo.test)]
    )
    assert len(np.unique(hashes)) == len(hashes) == 6000


def test_test_comments_contain_unseen_words(demo: Dataset) -> None:
    def words(texts: list[str]) -> Counter[str]:
        return Counter(word for text in texts for word in text.lower().split())

    known = words(demo.train.texts.to_strings() + demo.val.texts.to_strings())
    new = words(demo.test.texts.to_strings()) - known
    assert sum(count for word, count in new.items() if word not in known) > 100


def test_word_order_is_needed(demo: Dataset) -> None:
    assert words_f1(demo, 1) < 0.87  # measured on four corpora: 0.78 to 0.81
    assert words_f1(demo, 2) > 0.94  # measured: 0.97 to 0.99


def test_comments_depend_on_the_corpus_seed_and_not_on_the_seed_of_the_run() -> None:
    small = settings_of("dataset=demo", "dataset.num_comments=200")
    first, again = (load_dataset(small, seed=seed) for seed in (1, 2))
    other = load_dataset(replace(small, corpus_seed=2), seed=1)
    assert first.hashes == again.hashes != other.hashes
    assert first.train.texts.to_strings() == again.train.texts.to_strings()  # split_seed is set
    free = replace(small, split_seed=None)
    splits = [set(load_dataset(free, seed=seed).train.texts) for seed in (1, 2)]
    assert splits[0] != splits[1]


def test_any_field_can_be_the_label_or_a_filter() -> None:
    small = settings_of("dataset=demo", "dataset.num_comments=600")
    by_pattern = load_dataset(replace(small, label_field="pattern"), seed=1)
    assert "insult" in by_pattern.label_names and len(by_pattern.label_names) > 8
    work = load_dataset(replace(small, where={"topic": "work"}), seed=1)
    assert {row["topic"] for row in work.train.rows} == {"work"}
    assert any(note.endswith("have topic=work") for note in work.notes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"where": {"tone": "rude"}},
            "dataset=demo: no field 'tone', which dataset.where names",
        ),
        ({"where": {"topic": "cars"}}, "dataset.where = {'topic': 'cars'}: matches none of 160"),
        ({"text_field": "comment"}, "dataset=demo: no field 'comment'; the fields are: pattern, t"),
        ({"label_field": "toxicity"}, "dataset=demo: no field 'toxicity'; the fields are: patte"),
        ({"where": {"pattern": "insult"}}, "dataset=demo: all "),
        (
            {"test_fraction": 0.001},
            "dataset.test_fraction = 0.001: must be a share of dataset.num_comments = 200 that "
            "leaves comments for training",
        ),
        ({"val_fraction": 0.001}, "dataset=demo: the val split has no rows"),
    ],
)
def test_invalid_settings_raise_an_error(changes: dict, message: str) -> None:
    config = settings_of("dataset=demo", "dataset.num_comments=200")
    with pytest.raises(InputError) as caught:
        load_dataset(replace(config, **changes), seed=1)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
