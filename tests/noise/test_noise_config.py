from typing import Any

import pytest

from tests.noise.options import option
from vitrina.errors import InputError
from vitrina.noise.perturbation import build_noise
from vitrina.registry import components

PUBLISHED = [
    "level_toxic",
    "level_non_toxic",
    "p_toxic_word",
    "p_toxic_symbol",
    "p_space",
    "p_non_toxic_symbol",
]


def test_every_option_has_a_file_and_the_six_published_settings() -> None:
    for name in components("noise"):
        assert all(hasattr(option(name), key) for key in PUBLISHED)


def test_published_defaults() -> None:
    config = option("published")
    assert [getattr(config, name) for name in PUBLISHED] == [4, None, 0.5, 0.5, 0.01, 0.1]
    assert config.other_level == 2


@pytest.mark.parametrize("name", ["published", "uniform", "mixed", "diacritics"])
@pytest.mark.parametrize("key", ["p_toxic_word", "p_toxic_symbol", "p_space", "p_non_toxic_symbol"])
@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_probabilities_out_of_range_raise_an_error(name: str, key: str, value: float) -> None:
    with pytest.raises(InputError, match=rf"^noise\.{key} = {value}: must be from 0 to 1"):
        option(name, **{key: value})


@pytest.mark.parametrize("name", list(components("noise")))
@pytest.mark.parametrize("key", ["level_toxic", "level_non_toxic"])
@pytest.mark.parametrize("value", [-1, 5])
def test_levels_out_of_range_raise_an_error(name: str, key: str, value: int) -> None:
    with pytest.raises(InputError, match=rf"noise\.level_toxic|noise\.{key}"):
        option(name, **{key: value})


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("none", {"level_toxic": 4}, "noise.level_toxic = 4: must be 0 with noise=none"),
        ("none", {"p_space": 0.1}, "noise.p_space = 0.1: must be 0 with noise=none"),
        ("published", {"p_toxic_word": None}, "noise.p_toxic_word = None: must be a number"),
        ("uniform", {"p": 2.0}, "noise.p = 2.0: must be from 0 to 1"),
        ("mixed", {"symbol_rates": []}, "noise.symbol_rates = "),
        ("mixed", {"symbol_rates": [0.1, 2.0]}, "noise.symbol_rates[1] = 2.0"),
        ("mixed", {"weight_level_3": 0}, "noise.weight_level_3 = 0"),
        ("mixed", {"inserts": ""}, "noise.inserts = ''"),
        ("mixed", {"p_insert": 0.6, "p_space": 0.6}, "noise.p_space + noise.p_insert = 1.2"),
        ("diacritics", {"clusters": "x.json"}, "noise.clusters = 'x.json'"),
        ("diacritics", {"p": 0.7, "p_space": 0.5}, "noise.p = 0.7"),
        ("unseen", {"known_level": 5}, "noise.known_level = 5: must be from 0 to 4"),
        ("unseen", {"level_toxic": 3}, "noise.level_toxic = 3: must be 4 (look-alikes) or 0"),
    ],
)
def test_invalid_settings_raise_an_error(name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        option(name, **change)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", ["uniform", "mixed", "diacritics", "unseen"])
def test_label_independent_options_need_no_lexicon(name: str) -> None:
    assert not build_noise(option(name), 1).needs_lexicon
    assert build_noise(option(name, p_toxic_symbol=0.9), 1).needs_lexicon


@pytest.mark.parametrize("name", list(components("noise")))
def test_level_0_changes_nothing(name: str) -> None:
    assert not build_noise(option(name, level_toxic=0), 1).changes
    if name != "unseen":
        assert not build_noise(option(name, level_toxic=0, level_non_toxic=None), 1).changes
