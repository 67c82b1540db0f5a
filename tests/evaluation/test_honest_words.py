"""Honest words that a dictionary lacks, and names, do not become rude; typing errors neither."""

from dataclasses import replace

import numpy as np
import pytest

from tests.tiny import TEXTS
from vitrina.config import compose_config
from vitrina.data.dataset import load_dataset
from vitrina.data.made_texts import MISTAKES
from vitrina.deobfuscation.base import Deobfuscator
from vitrina.evaluation import honest_words
from vitrina.evaluation.honest_words import (
    held_out_words,
    is_rude,
    lexicon_words,
    measure_honest_words,
    mistyped,
    names,
)
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.base import NoNormalizer
from vitrina.tasks.build import build_dictionary, fit_deobfuscator, fit_dictionary
from vitrina.tasks.noisy_split import NoisyTexts
from vitrina.text import dictionary
from vitrina.text.batch import TextBatch
from vitrina.text.known_words import words_with
from vitrina.text.lexicon import Lexicon

PARTS = ("род", "тел", "мар", "ник")
"""Letters that the sampled words of the dictionary contain: a search for all takes seconds."""
SAMPLE = 250


@pytest.fixture(scope="module", autouse=True)
def few_words() -> None:
    with pytest.MonkeyPatch.context() as patch:
        some = words_with(PARTS, honest_words.analyzer().dictionary.words)
        patch.setattr(honest_words, "_dictionary", lambda: some)
        patch.setattr(dictionary, "NUM_FREQUENT", 20_000)
        yield


@pytest.fixture(scope="module")
def deobfuscator(few_words: None) -> Deobfuscator:
    """A deobfuscator fitted on the demo corpus, whose dictionary lacks the held-out lemmas."""
    config = compose_config(
        ["dataset.num_comments=1200", "dictionary=ru", "dictionary.hold_out=true"]
    )
    dataset = load_dataset(config.dataset, config.seed)
    noise = build_noise(config.noise, config.seed)
    corpus = NoisyTexts.of(dataset.train, noise, NoNormalizer()).corpus()
    known = build_dictionary(config, fit_dictionary(config, dataset))
    return fit_deobfuscator(config, replace(corpus, dictionary=known))


def test_honest_words_do_not_become_rude(deobfuscator: Deobfuscator) -> None:
    measured = measure_honest_words(lambda texts: deobfuscator(texts).text(), SAMPLE)
    honest, restored = (measured.shares[name] for name in ("honest", "lexicon_restored"))
    assert honest.count > 3.8 * SAMPLE
    assert honest.share <= 0.001, measured.examples
    assert restored.count > SAMPLE / 2 and restored.share > 0.1


def test_a_deobfuscator_that_makes_words_rude_is_found() -> None:
    def rude(texts: TextBatch) -> TextBatch:
        return TextBatch.from_strings(["дурак"] * len(texts))

    measured = measure_honest_words(rude, 20)
    assert measured.shares["honest"].share == measured.shares["lexicon_restored"].share == 1
    assert all(example.endswith("→ дурак") for example in measured.examples)
    untouched = measure_honest_words(NoNormalizer(), 20).shares
    assert untouched["honest"].hits == untouched["lexicon_restored"].hits == 0


def test_words_are_held_out_and_names_are_names() -> None:
    settings = compose_config(["dictionary=ru", "dictionary.hold_out=true"])
    known = dictionary.RussianDictionary(
        settings.dictionary, dictionary.RussianDictionary.fit(settings.dictionary)
    )
    words = held_out_words(30)
    assert len(set(words)) == 30 and not known.lemma_hashes(words).any()
    assert words == held_out_words(40)[:30]
    many = names(1500)
    assert {"Россия", "Москва"} & set(many) and len(many) == 1500
    assert all(name[0].isupper() for name in many[-100:])
    lexicon = Lexicon.load(None)
    assert all(map(lexicon.is_toxic, lexicon_words(50)))


def test_a_typing_error_changes_one_word() -> None:
    for mistake in MISTAKES:
        typed = mistyped("о-в Вознесения", mistake)
        assert typed.startswith("о-в ") and abs(len(typed) - 14) <= 1
        assert typed == mistyped("о-в Вознесения", mistake)
    assert mistyped("кот и як") == "кот и як"
    assert sum(mistyped(word) != word for word in ("молоко", "корова", "дорога")) >= 2


def test_rude_words_are_found_inside_of_texts() -> None:
    lexicon = Lexicon.load(None)
    rude = [is_rude(lexicon, text) for text in ("ты-дурак!", "дурачествовать", "сабля", "")]
    assert rude[0] and not any(rude[2:])
    assert np.array([is_rude(lexicon, text) for text in TEXTS]).any()
