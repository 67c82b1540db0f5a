from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.noise.options import option
from tests.noise.slow_noise import corrupt
from vitrina.noise.config import NoiseConfig
from vitrina.noise.perturbation import Noise, build_noise
from vitrina.noise.perturbed import PerturbedBatch
from vitrina.noise.policy import PerturbationPolicy, Policies
from vitrina.noise.tables import seen_glyphs
from vitrina.registry import build, components
from vitrina.text.batch import TextBatch

STRONG: list[tuple[str, dict[str, Any]]] = [
    ("none", {}),
    ("published", {}),
    ("published", {"level_toxic": 1, "p_toxic_word": 1.0, "p_space": 0.5, "p_toxic_symbol": 1.0}),
    ("published", {"level_toxic": 0, "level_non_toxic": 3, "p_non_toxic_symbol": 0.7}),
    ("uniform", {"p": 0.5, "p_space": 0.3}),
    ("uniform", {"p": 1.0, "level_toxic": 2, "masks": "#", "p_toxic_word": 0.4}),
    ("mixed", {}),
    ("mixed", {"p_text": 0.9, "p_word": 0.8, "p_insert": 0.3, "p_space": 0.2, "level_toxic": 3}),
    ("diacritics", {"p": 0.6, "level_toxic": 3, "p_space": 0.2}),
    ("unseen", {"p": 0.7, "p_space": 0.1}),
    ("families", {"p": 0.6, "p_text": 0.9, "p_word": 0.9}),
    ("families", {"p": 0.8, "families": {"swap": 3, "deletion": 1}, "p_text": 1, "p_word": 1}),
    ("families", {"p": 1.0, "hold_out": ["swap", "case"], "level_toxic": 4}),
]
CONFIGS = [option(name, **changes) for name, changes in STRONG]
NOISES = [build_noise(config, 7) for config in CONFIGS]

example_words = st.sampled_from(
    ["сука", "Пиздец", "ъезд", "жук", "ЩЁКИ", "слово", " ", "'", ",", "й\u0306"]
)
any_text = st.one_of(st.lists(example_words, max_size=8).map("".join), st.text(max_size=20))
batches = st.lists(any_text, max_size=5)
numbers = st.integers(0, len(NOISES) - 1)


def draw(noise: Noise, strings: list[str], indices: list[int], epoch: int = 0) -> PerturbedBatch:
    texts = TextBatch.from_strings(strings)
    return noise(texts, noise.mark(texts), np.array(indices, dtype=np.int64), epoch)


def edits_of(noisy: PerturbedBatch) -> list[tuple[int, int, int, int, int]]:
    e = noisy.edits
    columns = (e.text, e.start, e.end, e.new_start, e.new_end)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@settings(max_examples=150)
@given(numbers, batches, st.integers(0, 3))
def test_noise_equals_the_reference(number: int, strings: list[str], epoch: int) -> None:
    config, noise = CONFIGS[number], NOISES[number]
    policies = build("noise", config)
    toxic, other, families = PerturbationPolicy(), PerturbationPolicy(), None
    if policies.weights is not None:
        families = (policies.kinds, policies.weights)
    else:
        other, toxic = policies.kinds
    noisy = draw(noise, strings, list(range(5, 5 + len(strings))), epoch)
    p_text = policies.p_text
    words, expected_edits = noisy.words, []
    for i, text in enumerate(strings):
        part = slice(int(words.offsets[i]), int(words.offsets[i + 1]))
        spans = zip(
            words.starts[part].tolist(),
            words.ends[part].tolist(),
            words.toxic[part].tolist(),
            strict=True,
        )
        expected, edits = corrupt(
            text, list(spans), toxic, other, p_text, (7, epoch, 5 + i), families
        )
        assert noisy.texts[i] == expected
        expected_edits += [(i, *edit) for edit in edits]
    assert edits_of(noisy) == expected_edits


@given(numbers, st.lists(any_text, min_size=1, max_size=6), st.randoms())
def test_noise_does_not_depend_on_the_batch(number: int, strings: list[str], random: Any) -> None:
    noise = NOISES[number]
    whole = draw(noise, strings, list(range(len(strings)))).texts.to_strings()
    order = list(range(len(strings)))
    random.shuffle(order)
    cut = random.randint(0, len(order))
    for part in (order[:cut], order[cut:]):
        noisy = draw(noise, [strings[i] for i in part], part).texts.to_strings()
        assert noisy == [whole[i] for i in part]


@given(numbers, batches)
def test_reverting_edits_gives_the_clean_texts(number: int, strings: list[str]) -> None:
    noisy = draw(NOISES[number], strings, list(range(len(strings))))
    restored = [list(text) for text in noisy.texts]
    for text, start, end, new_start, new_end in reversed(edits_of(noisy)):
        restored[text][new_start:new_end] = strings[text][start:end]
    assert ["".join(text) for text in restored] == strings


@given(numbers, batches)
def test_word_spans_stay_aligned(number: int, strings: list[str]) -> None:
    noisy = draw(NOISES[number], strings, list(range(len(strings))))
    spans = noisy.word_spans()
    assert (spans.toxic == noisy.words.toxic).all()
    for i, (clean, text) in enumerate(zip(strings, noisy.texts, strict=True)):
        cut_clean, cut_noisy, end, new_end = [], [], 0, 0
        for word in range(int(spans.offsets[i]), int(spans.offsets[i + 1])):
            cut_clean.append(clean[end : noisy.words.starts[word]])
            cut_noisy.append(text[new_end : spans.starts[word]])
            end, new_end = int(noisy.words.ends[word]), int(spans.ends[word])
        assert [*cut_clean, clean[end:]] == [*cut_noisy, text[new_end:]]


def test_corrupted_does_not_depend_on_the_texts_per_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = NOISES[4]
    texts = TextBatch.from_strings(["жопа и дурак", "", "привет, как дела"] * 5)
    words, indices = noise.mark(texts), np.arange(7, 22)
    whole = noise(texts, words, indices, 2).texts
    for size in (1, 4, 100):
        monkeypatch.setattr("vitrina.noise.perturbation.TEXTS_AT_ONCE", size)
        found = noise.corrupted(texts, words, indices, 2)
        assert found.to_strings() == whole.to_strings() != texts.to_strings()
    nothing = TextBatch.from_strings([])
    assert len(noise.corrupted(nothing, noise.mark(nothing), indices[:0], 2)) == 0


def test_noise_depends_on_epoch_and_seed_unless_drawn_once() -> None:
    strings = ["довольно длинный текст без ругани, чтобы было что менять"] * 3
    noise = build_noise(option("uniform"), 1)
    first = draw(noise, strings, [0, 1, 2]).texts.to_strings()
    assert len(set(first)) == 3
    assert draw(noise, strings, [0, 1, 2]).texts.to_strings() == first
    assert draw(noise, strings, [0, 1, 2], epoch=1).texts.to_strings() != first
    assert draw(build_noise(option("uniform"), 2), strings, [0, 1, 2]).texts.to_strings() != first
    once = build_noise(option("uniform", resample_each_epoch=False), 1)
    assert draw(once, strings, [0, 1, 2], epoch=1).texts.to_strings() == first


def shares(config: NoiseConfig, word: str, count: int = 4000) -> tuple[float, float, float]:
    """Return the shares of touched words, replaced letters in them and letters before a space."""
    noisy = draw(build_noise(config, 3), [word] * count, list(range(count)))
    edits = noisy.edits
    replaced = edits.end > edits.start
    touched = len(np.unique(edits.text[replaced]))
    spaces = sum(text.count(" ") for text in noisy.texts)
    return touched / count, replaced.sum() / max(touched, 1) / len(word), spaces / count / len(word)


def test_published_probabilities() -> None:
    touched, replaced, spaces = shares(option("published", p_space=0.05), "пиздобольство")
    assert touched == pytest.approx(0.5, abs=0.03)
    assert replaced == pytest.approx(0.5, abs=0.02)
    assert spaces == pytest.approx(0.5 * 0.05 * 12 / 13, abs=0.004)
    touched, replaced, spaces = shares(option("published"), "договорённость")
    assert touched * replaced == pytest.approx(0.1, abs=0.008)
    assert spaces == 0


def test_uniform_strength_is_equal_for_all_words() -> None:
    for word in ("пиздобольство", "договорённость"):
        touched, replaced, _ = shares(option("uniform", p=0.3), word)
        assert touched * replaced == pytest.approx(0.3, abs=0.015)


def test_mixed_probabilities() -> None:
    config = option("mixed", symbol_rates=[0.4, 0.6], p_space=0.02, p_insert=0.0)
    touched, replaced, spaces = shares(config, "договорённость")
    assert touched == pytest.approx(0.35, abs=0.03)
    assert replaced == pytest.approx(0.5, abs=0.02)
    assert spaces == pytest.approx(0.35 * 0.02 * 13 / 14, abs=0.003)


def test_masks_and_table_entries_have_equal_probability() -> None:
    config = option("published", level_toxic=2, p_toxic_word=1.0, p_toxic_symbol=1.0, p_space=0.0)
    noisy = draw(build_noise(config, 1), ["бля"] * 4000, list(range(4000)))
    firsts = Counter(text[0] for text in noisy.texts)
    assert set(firsts) == set("b6*.")
    assert all(count == pytest.approx(1000, abs=140) for count in firsts.values())


def test_diacritics_keep_every_letter() -> None:
    noisy = draw(build_noise(option("diacritics", p=1.0, level_toxic=2), 1), ["Это latin"], [0])
    assert "".join(c for c in noisy.texts[0] if c.isalpha() or c == " ") == "Это latin"
    assert len(noisy.edits) == 8


def test_unseen_look_alikes_are_in_no_level() -> None:
    noisy = draw(build_noise(option("unseen", p=1.0), 1), ["Всё хорошо сосед!"] * 50, [*range(50)])
    known = seen_glyphs()
    for text in noisy.texts:
        assert len(text) == len("Всё хорошо сосед!")
        assert not known.intersection(text)
    assert len(set(noisy.texts)) == 50


def test_the_property_tests_cover_every_option() -> None:
    assert {name for name, _ in STRONG} == set(components("noise"))


def test_rewrite_replaces_whole_words_of_any_script() -> None:
    def doubled(words: Sequence[str], draws: np.ndarray) -> list[str]:
        assert len(words) == len(draws) and ((draws >= 0) & (draws < 1)).all()
        return [word if word == "same" else f"<{word}{word}>" for word in words]

    policies = Policies(
        [PerturbationPolicy(p_word=1.0, rewrite=doubled), PerturbationPolicy(p_word=1.0)],
        weights=[1.0, 0.0],
    )
    noise = Noise(policies, 3, resample_each_epoch=True, lexicon=None)
    texts = TextBatch.from_strings(["γειά 안녕, жопа!", "", "same да"])
    noisy = noise(texts, noise.mark(texts), np.arange(3), 0)
    assert noisy.texts.to_strings() == ["<γειάγειά> <안녕안녕>, <жопажопа>!", "", "same <дада>"]
    spans = noisy.word_spans()
    found = [noisy.texts[0][a:b] for a, b in zip(spans.starts[:3], spans.ends[:3], strict=True)]
    assert found == ["<γειάγειά>", "<안녕안녕>", "<жопажопа>"]
    alone = noise(texts.part(2, 3), noise.mark(texts.part(2, 3)), np.array([2]), 0)
    assert alone.texts.to_strings() == ["same <дада>"]


def test_noise_in_every_word_is_that_of_a_setting() -> None:
    texts = TextBatch.from_strings(["какое хорошее утро", "сегодня солнце и ветер"] * 20)
    indices = np.arange(len(texts))
    some, every = (build_noise(option("mixed", p_word=p), 7) for p in (0.5, 1.0))
    changed = some.in_every_word()
    found = [noise.corrupted(texts, noise.mark(texts), indices, 3) for noise in (changed, every)]
    assert found[0].to_strings() == found[1].to_strings()
    assert some.corrupted(texts, some.mark(texts), indices, 3).to_strings() != found[0].to_strings()
    nothing = build_noise(option("none"), 7).in_every_word()
    assert not nothing.changes
