"""Background text: what it holds, what is held out, its labels, prior and randomness."""

import difflib
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from babel.core import Locale
from pymorphy3 import MorphAnalyzer

from tests.data.sets import settings_of
from vitrina.data.background import LEAST_PRIOR, MINED, Background
from vitrina.data.config import BACKGROUND_PARTS, BackgroundConfig
from vitrina.data.dataset import Split
from vitrina.data.made_texts import MISTAKES, resource
from vitrina.data.rows import Rows
from vitrina.errors import InputError
from vitrina.text.batch import TextBatch
from vitrina.text.held_out import FAMILIES, is_held_out
from vitrina.text.lexicon import Lexicon

COMMENTS = ["мир и труд", "кот спит дома", "вот дурак какой", "сам дурак"] * 100
LABELS = np.array([0, 0, 1, 1] * 100)
WORD = re.compile("[а-яё]+")


@cache
def drawn(epoch: int = 3, *, share: float = 0.5, seed: int = 1, **parts: float) -> Split:
    return background(share, seed, **parts).draw(epoch)


def background(share: float = 0.5, seed: int = 1, **parts: float) -> Background:
    settings = settings_of("dataset=demo")
    given = BackgroundConfig(share=share, parts=parts)
    changed: Any = type(settings)(**{**vars(settings), "background": given})
    comments = Split("train", TextBatch.from_strings(COMMENTS), LABELS, Rows.from_dicts([]))
    return Background(changed, comments, 1, seed)


def test_a_text_is_a_function_of_seed_epoch_and_index() -> None:
    texts = drawn().texts.to_strings()
    assert len(texts) == 200 and background().draw(3).texts.to_strings() == texts
    assert background(share=0.25).draw(3).texts.to_strings() == texts[:100]
    for other in (drawn(epoch=4), drawn(seed=2)):
        same = sum(a == b for a, b in zip(other.texts.to_strings(), texts, strict=True))
        assert same < 10


def test_words_are_honest_and_not_held_out() -> None:
    analyzer, lexicon = MorphAnalyzer(lang="ru"), Lexicon.load(None)
    split = drawn(words=1.0)
    assert not split.labels.any()
    of_comments = set(" ".join(COMMENTS).split())
    words = {word for text in split.texts for word in text.split()} - of_comments
    assert len(words) > 150
    for word in words:
        lemmas = [parse.normal_form for parse in analyzer.parse(word)]
        assert not lexicon.is_toxic(word) and not any(map(is_held_out, lemmas))
    assert not any(letters in word for word in words for letters in FAMILIES)
    assert any(root in word for word in words for root in lexicon.roots)
    assert {1, 2} <= {len(text.split()) for text in split.texts}


def test_words_that_comments_use_as_insults_are_left_out() -> None:
    words = {word for text in drawn(words=1.0, share=5.0).texts for word in text.split()}
    assert {"и", "не"} <= words  # frequent words, one of them in the comments
    assert not words & {"вот", "какой", "сам"}  # only in toxic comments


def test_rude_words_come_alone_and_among_ordinary_ones() -> None:
    lexicon = Lexicon.load(None)
    split = drawn(rude=1.0)
    assert split.labels.all()
    counts = [
        [lexicon.is_toxic(word) for word in WORD.findall(text.lower())] for text in split.texts
    ]
    assert all(any(each) for each in counts)
    assert any(len(each) == 1 for each in counts) and any(len(each) > 3 for each in counts)


def test_changed_comments_keep_their_labels() -> None:
    toxic = drawn(capitals=1.0).texts.to_strings()
    known = {text.upper(): label for text, label in zip(COMMENTS, LABELS, strict=True)}
    assert [known[text] for text in toxic] == drawn(capitals=1.0).labels.tolist()
    split = drawn(typos=1.0)
    texts = split.texts.to_strings()
    assert any(text not in COMMENTS for text in texts)
    label_of = dict(zip(COMMENTS, LABELS.tolist(), strict=True))
    nearest = [difflib.get_close_matches(text, label_of, n=1, cutoff=0)[0] for text in texts]
    assert [label_of[text] for text in nearest] == split.labels.tolist()


def test_languages_leave_whole_scripts_out() -> None:
    texts = drawn(share=2.0, languages=1.0).texts.to_strings()
    letters = {letter for text in texts for letter in text}
    assert len(letters) > 300
    for first, last in [("א", "ת"), ("가", "힣"), ("Ա", "֏")]:  # Hebrew, Korean, Armenian
        assert not any(first <= letter <= last for letter in letters)


def test_the_resource_names_what_exists_and_leaves_something_for_evaluation() -> None:
    data = resource()
    training = data["training"]
    assert set(training["patterns"]) < set(data["patterns"])
    assert set(training["mistakes"]) < set(MISTAKES)
    assert all(len(Locale.parse(name).territories) > 20 for name in training["locales"])
    tested = {name for names in data["scripts"].values() for name in names.split()}
    assert len(tested - set(training["locales"])) > 15


def test_the_shift_is_the_difference_of_the_priors() -> None:
    log_odds = {p: float(np.log(p / (1 - p))) for p in (0.25, 0.5, LEAST_PRIOR)}
    assert background(words=3, rude=1).shift == pytest.approx(log_odds[0.25])
    assert background(capitals=1, typos=1).shift == pytest.approx(0)
    assert background(words=1).shift == pytest.approx(log_odds[LEAST_PRIOR])
    mixed = drawn(share=5.0)
    half_toxic = BACKGROUND_PARTS["capitals"] + BACKGROUND_PARTS["typos"]
    expected = (BACKGROUND_PARTS["rude"] + half_toxic / 2) / sum(BACKGROUND_PARTS.values())
    assert mixed.labels.mean() == pytest.approx(expected, abs=0.03)


def test_mined_words_have_the_highest_scores_of_a_pool() -> None:
    given = background(mined=1.0)
    assert given.mines and not background(words=1.0).mines
    assert not given.draw(1).labels.any()  # ordinary words before the first mining

    def length(texts: TextBatch) -> np.ndarray:
        return np.stack([np.zeros(len(texts)), texts.lengths], axis=1)

    found = given.mine(1, length)
    assert found == given.mine(1, length) != given.mine(2, length) and len(found) == MINED
    assert min(map(len, found)) >= 14
    given.mined = found[:2]
    assert all(any(word in text for word in found[:2]) for text in given.draw(1).texts)


def test_links_are_cleaned_away_as_in_comments() -> None:
    assert not any("https" in text or "  " in text for text in drawn(codes=1.0).texts)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"word": 1.0}, "dataset.background.parts.word = 1.0: must be one of words, rude,"),
        ({"words": 0.0}, "dataset.background.parts = {'words': 0.0}: must be amounts of which"),
    ],
)
def test_wrong_parts_are_refused(parts: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        BackgroundConfig(parts=parts).check("dataset.background")
