"""The demo corpus: Russian comments made by a grammar, so that a first run needs no data.

A comment is a core, which decides whether it is toxic, among clauses that do not affect it. The
same rude words insult, are quoted, denied or mean an animal, there are insults made of harmless
words only, and a third of the cores come in pairs of the same words in another order, one toxic and
one not. So a bag of words does not solve it, word order does. Test comments also draw from words
that no training comment has, and no comment is in the corpus twice (case, punctuation and
digits aside).

The grammar is in `resources/demo`: `words.json` lists words in their forms, `talk.json` clauses
by topic, `patterns.json` cores. In a template `[a|b]` is a choice, `{word}` a word of a list and
`{word.form}` another form of it.
"""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from vitrina.data.config import DemoConfig
from vitrina.files import package_folder

HELD_OUT = 7
"""One word in so many of each list of words is kept for the test comments."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
_NO_LETTERS = re.compile(r"[\W\d_]+")


def make_rows(config: DemoConfig) -> dict[str, list[dict[str, Any]]]:
    """Training and test rows; validation rows are split off the former."""
    num_train = config.num_comments - config.num_test
    train, test = make_corpus(num_train, config.num_test, config.corpus_seed)
    return {"train": train, "test": test}


def make_corpus(
    num_train: int, num_test: int, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Training and test comments; the same arguments give the same comments.

    Args:
        num_train: comments to train and validate on.
        num_test: comments to test on.
        seed: of all choices.

    Returns:
        Rows with `text`, `toxic` (0 or 1), `topic` and `pattern`.
    """
    grammar = _Grammar(Random(seed))
    made: set[str] = set()
    train = grammar.comments(num_train, made, held_out=False)
    return train, grammar.comments(num_test, made, held_out=True)


class _Grammar:
    def __init__(self, random: Random) -> None:
        folder = package_folder("resources") / "demo"
        words, talk, patterns = (
            json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            for name in ("words", "talk", "patterns")
        )
        self.random = random
        self.forms: dict[str, int] = {form: i for i, form in enumerate(words["forms"])}
        self.words: dict[str, list[list[str]]] = words["words"]
        self.openers, self.tails = talk["openers"], talk["tails"]
        self.topics: dict[str, list[str]] = talk["topics"]
        self.patterns: list[dict[str, Any]] = patterns
        self.weights = [pattern["weight"] for pattern in patterns]

    def comments(self, number: int, made: set[str], *, held_out: bool) -> list[dict[str, Any]]:
        """`number` comments that are not in `made`, which they are added to."""
        rows = []
        while len(rows) < number:
            row = self._comment(held_out)
            key = _NO_LETTERS.sub("", row["text"].lower())
            if key not in made and 3 <= len(row["text"].split()) <= 40:
                made.add(key)
                rows.append(row)
        return rows

    def _comment(self, held_out: bool) -> dict[str, Any]:
        random = self.random
        pattern = random.choices(self.patterns, self.weights)[0]
        topic = random.choice(list(self.topics))
        core = random.choice(pattern["templates"])
        about = core == "{topic}"
        if about:
            core = random.choice(self.topics[topic])
        core = self._expand(core, held_out)
        if random.random() < 0.35:
            core = random.choice(self.openers) + core
        if random.random() < 0.2 and core[-1].isalpha():
            core += random.choice(self.tails)
        clauses = random.choices((0, 1, 2), (45, 40, 15))[0]
        sentences = [core]
        for _ in range(clauses):
            clause = self._expand(random.choice(self.topics[topic]), held_out)
            sentences.insert(random.randrange(len(sentences) + 1), clause)
        return {
            "text": self._written(sentences),
            "toxic": pattern["toxic"],
            "topic": topic if about or clauses else "none",
            "pattern": pattern["name"],
        }

    def _expand(self, template: str, held_out: bool) -> str:
        def choose(match: re.Match[str]) -> str:
            return self.random.choice(match[1].split("|"))

        def fill(match: re.Match[str]) -> str:
            words = self.words[match[1]]
            if not held_out:
                words = [word for i, word in enumerate(words) if i % HELD_OUT != HELD_OUT - 1]
            return self.random.choice(words)[self.forms[match[2] or "nom"]]

        text = _SLOT.sub(fill, _CHOICE.sub(choose, template))
        return re.sub(r" +(?=[,?!.:»]|$)", "", re.sub(" +", " ", text)).strip()

    def _written(self, sentences: list[str]) -> str:
        """The sentences as a hurried writer would put them: case, punctuation, slips of the key."""
        random = self.random
        if random.random() < 0.5:
            sentences = [sentence[0].upper() + sentence[1:] for sentence in sentences]
        stop = random.choices((". ", " ", "... ", "! ", ", "), (50, 20, 8, 12, 10))[0]
        text = sentences[0]
        for sentence in sentences[1:]:
            text += (" " if text.endswith("?") else stop) + sentence
        if not text.endswith("?"):
            ends = ("", ".", "!", "!!!", "...", ")", ")))", "(")
            text += random.choices(ends, (45, 25, 9, 4, 6, 5, 3, 3))[0]
        if random.random() < 0.25:
            text = text.replace(",", "")
        if random.random() < 0.6:
            text = text.replace("ё", "е")
        style = random.random()
        if style < 0.3:
            text = text.lower()
        elif style < 0.34:
            text = text.upper()
        return self._slip(text) if random.random() < 0.06 else text

    def _slip(self, text: str) -> str:
        """One letter dropped, doubled or swapped with the next one, inside a longer word."""
        words = [match for match in re.finditer(r"\w+", text) if len(match[0]) > 4]
        if not words:
            return text
        start = self.random.choice(words).start() + self.random.randrange(1, 3)
        first, second = text[start], text[start + 1]
        slipped = self.random.choice((first, first + first + second, second + first))
        return text[:start] + slipped + text[start + 2 :]
