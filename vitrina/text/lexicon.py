"""The lexicon of obscene and insulting words.

A word is toxic by its letters alone, without context: a pattern matches it (roots that are rare in
other words), or it is a form of a listed lemma. pymorphy3 inflects the lemmas once, at the first
lookup, and parses no word of a text, so tens of thousands of distinct words take a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from vitrina.errors import InputError
from vitrina.files import package_folder
from vitrina.text.batch import TextBatch, pieces
from vitrina.text.words import Words

PREFIXES = (
    r"(?:недо|пере|подо|подъ|подь|разо|разъ|разь|без|бес|взъ|взь|воз|изъ|над|обо|объ|обь|ото|"
    r"отъ|оть|под|пре|при|про|раз|рас|вы|до|за|из|ис|на|не|ни|об|от|по|со|съ|сь|о|у){0,3}"
)
"""Up to three verbal prefixes (`~`), with common misspellings of the hard sign."""

MAX_KNOWN = 2**18
"""Size at which the cache of results is cleared. A cache of a million distinct words would need as
much memory as the word columns of a million comments."""

MIN_ROOT = 3
"""Letters of the shortest root."""

_ENTRY = re.compile(r"(?P<sort>[!=]?)(?P<word>~?\*?[^\W_]+(?:-[^\W_]+)*\*?)")


def fold(word: str) -> str:
    """Return the form in which words are compared: lower case, ё as е.

    >>> fold("Ёж")
    'еж'
    """
    return word.lower().replace("ё", "е")


def _compile(entries: Iterable[str]) -> re.Pattern[str]:
    """Compile entries with `*` or `~` to one pattern; without entries it matches nothing."""
    bodies: dict[str, list[str]] = {"": [], r"\A": [], r"\A" + PREFIXES: []}
    for entry in entries:
        front = r"\A" + PREFIXES if entry.startswith("~") else r"\A"
        back = "" if entry.endswith("*") else r"\Z"
        bodies["" if entry.startswith("*") else front].append(re.escape(entry.strip("~*")) + back)
    groups = [f"{front}(?:{'|'.join(body)})" for front, body in bodies.items() if body]
    return re.compile("|".join(groups) or r"(?!)")


class Lexicon:
    """Toxic words: forms, lemmas and patterns, without the exceptions.

    Args:
        entries: lines of a lexicon without comments, such as `дурак`, `*пизд*`, `!страху*`.

    Attributes:
        stems: the letters of the patterns, in the order of the entries.
        roots: the letters of all entries but exceptions, if they are at least three.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        patterns, self._lemmas, self._forms = [], [], set[str]()
        except_patterns, self._except_forms = [], set[str]()
        for entry in entries:
            wide = "*" in entry or "~" in entry
            folded = fold(entry.lstrip("!="))
            if entry.startswith("!"):
                except_patterns.append(folded) if wide else self._except_forms.add(folded)
            elif wide:
                patterns.append(folded)
            elif entry.startswith("="):
                self._forms.add(folded)
            else:
                self._lemmas.append(entry.lower())
        self.stems = tuple(dict.fromkeys(pattern.strip("~*") for pattern in patterns))
        letters = [*self.stems, *sorted(self._forms), *map(fold, self._lemmas)]
        self.roots = tuple(dict.fromkeys(each for each in letters if len(each) >= MIN_ROOT))
        self._pattern = _compile(patterns)
        self._except_pattern = _compile(except_patterns)
        self._known: dict[str, bool] = {}

    @classmethod
    def load(cls, path: str | None) -> Lexicon:
        """Read a lexicon; None means the default lexicon, whose header describes the format.

        Raises:
            InputError: if the file is missing, empty or malformed.
        """
        file = (
            Path(path)
            if path is not None
            else package_folder("resources") / "lexicon" / "toxic_words.txt"
        )
        try:
            content = file.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise InputError(
                f"{file}: there is no such file (a lexicon, one word a line)"
            ) from None
        except UnicodeDecodeError as error:
            raise InputError(f"{file}: is not UTF-8 text (byte {error.start})") from None
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror})") from None
        entries = list(_entries(file, content))
        if not any(not entry.startswith("!") for entry in entries):
            raise InputError(f"{file}: contains no word")
        return cls(entries)

    @cached_property
    def forms(self) -> frozenset[str]:
        """Listed forms and all forms of the lemmas; patterns match further words."""
        from pymorphy3 import MorphAnalyzer  # takes a third of a second to load

        forms = set(self._forms)
        analyzer = MorphAnalyzer(lang="ru") if self._lemmas else None
        for lemma in self._lemmas:
            forms.add(fold(lemma))
            assert analyzer is not None
            parses = analyzer.parse(lemma)
            same = [parse for parse in parses if fold(parse.normal_form) == fold(lemma)]
            # Insults are nouns: skip surnames and adverbs with the same spelling.
            nouns = [parse for parse in same if "NOUN" in parse.tag and "Surn" not in parse.tag]
            for parse in (nouns or same)[:1]:
                forms.update(fold(form.word) for form in parse.lexeme)
        return frozenset(forms)

    def is_toxic(self, word: str) -> bool:
        """Whether the lexicon contains this word; ignores case."""
        folded = fold(word)
        known = self._known.get(folded)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[folded] = self._contains(folded)
        return known

    def _contains(self, folded: str) -> bool:
        if folded in self._except_forms or self._except_pattern.search(folded):
            return False
        return folded in self.forms or self._pattern.search(folded) is not None

    def mark(self, texts: TextBatch, words: Words) -> Words:
        """Return `words` of `texts` with label 1 for toxic words."""
        toxic = np.zeros(len(words), dtype=bool)
        for piece in pieces(texts.offsets):
            some = words.part(*piece)
            strings = some.texts(texts.part(*piece)).to_strings()
            known = {string: self.is_toxic(string) for string in set(strings)}
            first = words.offsets[piece[0]]
            toxic[first : first + len(some)] = [known[string] for string in strings]
        return words.with_labels(toxic)


def _entries(file: Path, content: str) -> Iterator[str]:
    for number, line in enumerate(content.splitlines(), start=1):
        entry = line.split("#", 1)[0].strip()
        if not entry:
            continue
        if not _ENTRY.fullmatch(entry):
            raise InputError(
                f"{file}:{number}: {entry!r}: must be one word, optionally with * or ~ (pattern) "
                "or after ! (exception) or = (exact form)"
            )
        yield entry
