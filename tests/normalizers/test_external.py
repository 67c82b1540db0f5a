"""Normalizers of other projects; modules of the test replace their packages, which are optional."""

import sys
from types import ModuleType

import pytest

from vitrina.normalizers import external
from vitrina.text.batch import TextBatch


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    decancer, package = ModuleType("decancer_py"), ModuleType("confusable_homoglyphs")
    confusables = ModuleType("confusable_homoglyphs.confusables")
    known = {"x": ["×", "х"], "y": ["у"], "~": ["〜"]}

    def is_confusable(text: str, *, greedy: bool, preferred_aliases: list[str]):
        assert greedy and preferred_aliases == ["cyrillic"]
        return [{"homoglyphs": [{"c": each} for each in known.get(text, ())]}]

    vars(decancer)["parse"] = lambda text, retain_cyrillic: text.lower()
    vars(confusables)["is_confusable"] = is_confusable
    for module in (decancer, package, confusables):
        module.__spec__ = None
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(external, "find_spec", sys.modules.get)
    external._russian_letter.cache_clear()
    yield
    external._russian_letter.cache_clear()


def test_installed_packages_are_found(packages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(external.installed()) == ["decancer-py", "confusable-homoglyphs"]
    monkeypatch.setattr(external, "find_spec", lambda name: None)
    assert external.installed() == {}


def test_texts_are_normalized(packages: None) -> None:
    texts = TextBatch.from_strings(["xyй ~ xy", "АБВ"])
    found = external.installed()
    assert found["decancer-py"](texts).to_strings() == ["xyй ~ xy", "абв"]
    assert found["confusable-homoglyphs"](texts).to_strings() == ["хуй ~ xy", "АБВ"]
