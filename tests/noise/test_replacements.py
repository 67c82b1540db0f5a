"""Compare counted replacements with the edits of each text."""

from collections import Counter

import numpy as np
import pytest

from tests.noise.options import option
from vitrina.noise import perturbation
from vitrina.noise.perturbation import build_noise
from vitrina.text.batch import TextBatch

STRINGS = ["Подъезд и щука", "", "жук, жаба! " * 8, "нет букв 123"] * 5


@pytest.mark.parametrize("at_once", [3, 1000])
def test_every_edit_is_counted(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(perturbation, "TEXTS_AT_ONCE", at_once)
    noise = build_noise(option("mixed", p_text=1.0, p_word=1.0, p_insert=0.3), 7)
    texts, indices = TextBatch.from_strings(STRINGS), np.arange(len(STRINGS))
    words = noise.mark(texts)
    found = noise.replacements(texts, words, indices, epoch=2)
    replaced, inserted = Counter[tuple[str, str]](), Counter[str]()
    for index, clean in enumerate(STRINGS):
        part = TextBatch.from_strings([clean])
        noisy = noise(part, noise.mark(part), np.array([index]), 2)
        edits = noisy.edits
        for start, end, new_start, new_end in zip(
            edits.start, edits.end, edits.new_start, edits.new_end, strict=True
        ):
            new = noisy.texts[0][new_start:new_end]
            if start == end:
                inserted[new] += 1
            elif new:
                replaced[clean[start], new] += 1
    assert found.replaced == replaced and found.inserted == inserted
    assert replaced["ж", "}|{"] and replaced["ж", "*"] and inserted["."]


def test_no_noise_has_no_replacements() -> None:
    texts = TextBatch.from_strings(STRINGS)
    noise = build_noise(option("none"), 7)
    found = noise.replacements(texts, noise.mark(texts), np.arange(len(STRINGS)), 0)
    assert not found.replaced and not found.inserted
