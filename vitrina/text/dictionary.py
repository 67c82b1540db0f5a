"""Dictionaries: the honest words of a language and their lemmas.

A dictionary leaves out the words of the lexicon of toxic words. What a known word means is known
from the whole word, so an embedder needs no n-grams inside it (`бля` in `гребля`), and a
deobfuscator leaves it as it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import InputError
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch
from vitrina.text.config import DictionaryConfig, FileDictionaryConfig
from vitrina.text.held_out import is_held_out
from vitrina.text.lexicon import Lexicon, fold
from vitrina.text.words import find_words

UNSEEN = 2
"""Hash of all lemmas that training has not seen. A table of hashed n-grams has too few rows to give
each its own: they would share the rows of n-grams that training made rude."""
SEEN = 2
"""Occurrences from which a lemma is seen. Words that occur once train the row of `UNSEEN`."""
MAX_CACHED = 1 << 17
"""Words in the cache of look-ups, which is cleared when full."""


NUM_FREQUENT = 100_000
"""Number of frequent words, and about the sum of their counts."""


class Dictionary(ABC):
    """Base class of dictionaries. A dictionary is picklable and thread-safe.

    Args:
        settings: settings of the dictionary.
        fitted: the result of `fit`.

    Raises:
        InputError: if the dictionary has another version than when the run was fitted.
    """

    def __init__(self, settings: DictionaryConfig, fitted: FittedState) -> None:
        self.settings = settings
        self.lexicon = Lexicon.load(settings.lexicon)
        self._cache: dict[str, int] = {}
        seen = fitted.arrays.get("seen")
        self._seen = None if seen is None else frozenset(seen.tolist())
        if fitted.texts["version"] != self.version(settings):
            raise InputError(
                f"dictionary = {settings.kind}: this run needs {fitted.texts['version']}, "
                f"not {self.version(settings)}"
            )

    @classmethod
    def fit(cls, settings: Any, texts: TextBatch | None = None) -> FittedState:
        """Return the version, and the hashes of the lemmas that `texts` hold `SEEN` times or more.

        All other lemmas have the hash `UNSEEN`; with None each lemma has its own.
        """
        state = FittedState(texts={"version": cls.version(settings)})
        if texts is None:
            return state
        words = Counter(find_words(texts).texts(texts).to_strings())
        hashes, numbers = np.unique(
            cls(settings, state).lemma_hashes(list(words)), return_inverse=True
        )
        counts = np.bincount(numbers, np.fromiter(words.values(), np.int64), len(hashes))
        return FittedState({"seen": hashes[(counts >= SEEN) & (hashes > 0)]}, state.texts)

    @classmethod
    @abstractmethod
    def version(cls, settings: Any) -> str:
        """Return the name and version of the word list."""

    @abstractmethod
    def lemma(self, word: str) -> str | None:
        """Return the lemma of a word in lower case; None: not in the word list."""

    def frequent_words(self) -> dict[str, int]:
        """Return the most frequent words of the language, the rude ones too, and their counts.

        The counts sum to about `NUM_FREQUENT`. With `hold_out` no word has a held-out lemma.
        """
        return {}

    def lemma_hashes(self, words: Sequence[str]) -> np.ndarray:
        """Return uint64 [num_words], a hash of the lemma of each word, or `UNSEEN`.

        0 means that the word is not an honest one.
        """
        return np.array([self._hash(word) for word in words], dtype=np.uint64)

    def _hash(self, word: str) -> int:
        found = self._cache.get(word)
        if found is None:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            lemma = None if self.lexicon.is_toxic(word) else self.lemma(word.lower())
            left_out = lemma is None or (self.settings.hold_out and is_held_out(lemma))
            found = 0 if left_out else _hash_lemma(fold(str(lemma)))
            if found and self._seen is not None and found not in self._seen:
                found = UNSEEN
            self._cache[word] = found
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cache": {}}


class RussianDictionary(Dictionary):
    """Words of OpenCorpora, by pymorphy3 (Korobov 2015)."""

    @classmethod
    def version(cls, settings: Any) -> str:
        names = ("pymorphy3-dicts-ru", "wordfreq")
        return ", ".join(f"{name} {version(name)}" for name in names)

    def frequent_words(self) -> dict[str, int]:
        """Return words of wordfreq (Speer 2022), in which texts of many kinds are counted."""
        import wordfreq  # takes a third of a second to load

        words = [word for word in wordfreq.top_n_list("ru", NUM_FREQUENT) if word.isalpha()]
        if self.settings.hold_out:
            words = [word for word in words if not is_held_out(self.lemma(word) or word)]
        counts = {word: wordfreq.word_frequency(word, "ru") * NUM_FREQUENT for word in words}
        return {word: max(1, round(count)) for word, count in counts.items()}

    @cached_property
    def _analyzer(self) -> Any:
        from pymorphy3 import MorphAnalyzer  # takes a third of a second to load

        return MorphAnalyzer(lang="ru")

    def lemma(self, word: str) -> str | None:
        if not self._analyzer.word_is_known(word):
            return None
        return self._analyzer.parse(word)[0].normal_form

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_analyzer", None)  # each process opens its own
        return state


class FileDictionary(Dictionary):
    """Words of a text file: a word per line, optionally a tab and its lemma."""

    settings: FileDictionaryConfig

    @classmethod
    def version(cls, settings: Any) -> str:
        return f"blake2b {blake2b(_read(settings.path), digest_size=16).hexdigest()}"

    @cached_property
    def _lemmas(self) -> dict[str, str]:
        try:
            lines = _read(self.settings.path).decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.settings.path}: is not UTF-8 text (byte {error.start})"
            ) from None
        pairs = (line.partition("\t")[::2] for line in lines)
        return {fold(w.strip()): (n.strip() or w.strip()).lower() for w, n in pairs if w.strip()}

    def lemma(self, word: str) -> str | None:
        return self._lemmas.get(fold(word))


def _read(path: str | None) -> bytes:
    try:
        return Path(str(path)).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _hash_lemma(lemma: str) -> int:
    digest = blake2b(lemma.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) | 1  # 0 is for words that are not known
