"""Background text: training texts that no comment corpus holds, drawn afresh in each epoch.

A text is a function of seed, epoch and index. Words come from lemmas, locales, patterns and typing
errors that are not held out for evaluation (`vitrina.text.held_out`, `vitrina.data.made_texts`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from itertools import accumulate

import numpy as np
from scipy.special import logit

from vitrina.data.config import DatasetConfig
from vitrina.data.dataset import Split
from vitrina.data.made_texts import (
    MISTAKES,
    Draws,
    analyzer,
    coded,
    frequent,
    in_language,
    lemmas,
    mistyped,
    resource,
    words_by_root,
)
from vitrina.data.rows import Rows
from vitrina.text.batch import TextBatch
from vitrina.text.cleaning import clean
from vitrina.text.held_out import is_held_out
from vitrina.text.known_words import words_with
from vitrina.text.lexicon import Lexicon
from vitrina.text.words import find_words

FREQUENT, FREQUENT_FOREIGN = 60_000, 3_000
"""Ranks of wordfreq's lists from which words are drawn."""
SIGNS = ("emoji", "signs", "interjections")
"""Kinds of patterns of the part `signs`; all others are codes."""
UNSPACED = ("ja", "zh")
"""Languages that write no blanks."""
FRAGMENT = range(1, 11)
"""Words of a part of a comment."""
AROUND = range(1, 6)
"""Ordinary words around a word."""
LEAST_PRIOR = 0.05
"""Least share of toxic background texts that the shift of logits assumes."""
POOL, MINED = 4000, 400
"""Words that the model scores before an epoch, and those of them that it calls toxic most."""
MOST_COMMENTS = 50_000
"""Comments whose words are counted."""
ENOUGH, INSULTING_ODDS = 5, 2
"""A word is no background if it is so often in toxic comments, and if the odds of a toxic comment
with it are more than so many times those of all comments."""


class Background:
    """Draws the background texts of an epoch.

    Args:
        config: settings of the dataset; `config.background` is about these texts.
        comments: the training split.
        positive: label of toxic texts; comments have one of two labels.
        seed: of the draws.

    Attributes:
        mined: honest words that the model calls toxic, for the part `mined` of an epoch; empty:
            the part draws other words.
        count: number of texts in each epoch.
        weight: weight of a text in the loss; a comment has 1.
        shift: number to add to the logit of `positive` in the loss of a background text. It is the
            difference between the log-odds of the two priors, so scores follow the comments' prior.
    """

    def __init__(self, config: DatasetConfig, comments: Split, positive: int, seed: int) -> None:
        self.config, self.comments, self.seed = config, comments, seed
        self.positive = positive
        self.mined: Sequence[str] = []
        settings = config.background
        self.count, self.weight = round(settings.share * len(comments)), settings.weight
        toxic = comments.labels == positive
        self._benign = np.flatnonzero(~toxic).tolist()
        self._lexicon = Lexicon.load(None)
        self._languages, self._frequent = _word_lists()
        self._mix = {name: amount for name, amount in settings.mix.items() if amount > 0}
        self._ends = list(accumulate(self._mix.values()))
        parts: dict[str, Callable[[Draws], tuple[str, int]]] = {
            "words": self._words,
            "rude": self._rude,
            "languages": self._language,
            "codes": lambda draws: (self._code(draws), 1 - positive),
            "signs": lambda draws: (_patterned(draws, signs=True), 1 - positive),
            "capitals": self._capitals,
            "typos": self._typos,
            "mined": self._mined_words,
        }
        self._parts = [parts[name] for name in self._mix]
        self._prior = prior = float(toxic.mean())
        rude = {"rude": 1.0, "capitals": prior, "typos": prior}
        share = sum(rude.get(name, 0.0) * amount for name, amount in self._mix.items())
        own = min(max(share / self._ends[-1], LEAST_PRIOR), 1 - LEAST_PRIOR)
        self.shift = float(logit(own) - logit(prior))
        self._rooted = [word for words in words_by_root().values() for word in words]
        of_comments, self._insulting = self._learn_words()
        self._toxic_words = _toxic_words(), of_comments

    @property
    def note(self) -> str:
        """Number of texts, and the lists that words come from, in a sentence."""
        names = ("wordfreq", "pymorphy3-dicts-ru", "babel")
        sources = ", ".join(f"{name} {version(name)}" for name in names)
        return f"background: {self.count:,} texts in each epoch (words of {sources})"

    @property
    def mines(self) -> bool:
        """Whether there is a part `mined`."""
        return "mined" in self._mix

    def mine(self, epoch: int, predict: Callable[[TextBatch], np.ndarray]) -> list[str]:
        """Return the honest words of a random pool that have the highest scores.

        Args:
            predict: maps texts to probabilities, float [num_texts, 2].
        """
        draws = Draws(self.seed, "pool", epoch)
        pool = list(dict.fromkeys(self._honest_word(draws) for _ in range(POOL)))
        scores = predict(TextBatch.from_strings(pool))[:, self.positive]
        order = np.argsort(-scores, kind="stable")
        return [pool[n] for n in order[:MINED]]

    def draw(self, epoch: int) -> Split:
        """Return the texts of an epoch, cleaned, with their labels."""
        settings = self.config
        drawn = [self._text(Draws(self.seed, "background", epoch, n)) for n in range(self.count)]
        texts = [
            clean(text, settings.cleaning).text[: settings.max_length].strip() for text, _ in drawn
        ]
        labels = np.array([label for _, label in drawn], dtype=np.int64)
        return Split("background", TextBatch.from_strings(texts), labels, Rows.from_dicts([]))

    def _text(self, draws: Draws) -> tuple[str, int]:
        part = bisect_right(self._ends, draws.uniform() * self._ends[-1])
        return self._parts[part](draws)

    def _words(self, draws: Draws) -> tuple[str, int]:
        return self._in_context(self._honest_word(draws), draws), 1 - self.positive

    def _mined_words(self, draws: Draws) -> tuple[str, int]:
        if not self.mined:
            return self._words(draws)
        return self._in_context(draws.pick(self.mined), draws), 1 - self.positive

    def _rude(self, draws: Draws) -> tuple[str, int]:
        """Return a rude word, alone or among ordinary ones.

        Half of the words are those of the toxic comments, as often as they occur there.
        """
        general, of_comments = self._toxic_words
        word = draws.pick(of_comments if of_comments and draws.pick((0, 1)) else general)
        return self._in_context(word, draws), self.positive

    def _language(self, draws: Draws) -> tuple[str, int]:
        if draws.pick((0, 1)):
            name = draws.pick(sorted(self._languages))
            count = draws.pick(range(3, 13))
            words = [_by_rank(_foreign_words(name), draws) for _ in range(count)]
            text = ("" if name in UNSPACED else " ").join(words)
        else:
            text = in_language(resource()["training"]["locales"], draws)
        return text, 1 - self.positive

    def _code(self, draws: Draws) -> str:
        code = _patterned(draws, signs=False)
        return self._in_context(code, draws) if draws.pick((0, 1)) else code

    def _capitals(self, draws: Draws) -> tuple[str, int]:
        comment = draws.pick(range(len(self.comments)))
        return self.comments.texts[comment].upper(), int(self.comments.labels[comment])

    def _typos(self, draws: Draws) -> tuple[str, int]:
        comment = draws.pick(range(len(self.comments)))
        mistake = MISTAKES[draws.pick(resource()["training"]["mistakes"])]
        text = mistyped(self.comments.texts[comment], mistake, draws)
        return text, int(self.comments.labels[comment])

    def _in_context(self, word: str, draws: Draws) -> str:
        """Return a word alone, among ordinary words, or in a part of a benign comment."""
        kind = draws.pick(range(3))
        if kind == 0:
            return word
        if kind == 1:
            around = [self._honest_word(draws) for _ in range(draws.pick(AROUND))]
        else:
            around = self.comments.texts[draws.pick(self._benign)].split()
            start = draws.pick(range(max(len(around), 1)))
            around = around[start : start + draws.pick(FRAGMENT)]
        around.insert(draws.pick(range(len(around) + 1)), word)
        return " ".join(around)

    def _honest_word(self, draws: Draws) -> str:
        """Return a frequent word or one that contains a rude root; no lemma is held out."""
        while True:
            if draws.pick((True, False)):
                word = draws.pick(self._rooted)
            else:
                word = _by_rank(self._frequent, draws)
            if self._is_honest(word):
                return word

    def _is_honest(self, word: str) -> bool:
        """Whether a word may be background: benign, and no lemma of it is held out."""
        own = lemmas(word)
        if word in self._insulting:
            return False
        return not any(map(is_held_out, own)) and not any(map(self._lexicon.is_toxic, (word, *own)))

    def _learn_words(self) -> tuple[list[str], frozenset[str]]:
        """Return the rude words of toxic comments, with repetitions, and the insulting words.

        The second ones are ordinary words of whose occurrences more are in toxic comments than
        `INSULTING_ODDS` allows: animals, nations. Only comments can show what they mean.
        """
        texts = self.comments.texts.part(0, min(len(self.comments), MOST_COMMENTS))
        words = find_words(texts)
        strings = [word.lower() for word in words.texts(texts).to_strings()]
        toxic = self.comments.labels[words.text_indices()] == self.positive
        of_toxic = [strings[n] for n in np.flatnonzero(toxic)]
        total, hits = Counter(strings), Counter(of_toxic)
        limit = INSULTING_ODDS * self._prior / (1 - self._prior)
        insulting = (w for w, n in hits.items() if n >= ENOUGH and n > limit * (total[w] - n))
        return [w for w in of_toxic if self._lexicon.is_toxic(w)], frozenset(insulting)


def _patterned(draws: Draws, *, signs: bool) -> str:
    kinds = [kind for kind in resource()["training"]["patterns"] if (kind in SIGNS) == signs]
    return coded(resource()["patterns"][draws.pick(kinds)], draws)


def _by_rank(words: Sequence[str], draws: Draws) -> str:
    """Return a word with a probability about inversely proportional to its rank (Zipf's law)."""
    return words[int(len(words) ** draws.uniform()) - 1]


@cache
def _toxic_words() -> list[str]:
    """Return forms of the lexicon and dictionary forms that its patterns match, not held out."""
    lexicon = Lexicon.load(None)
    words = {*lexicon.forms, *words_with(lexicon.stems, analyzer().dictionary.words)}
    return [
        word
        for word in sorted(words)
        if lexicon.is_toxic(word) and not any(map(is_held_out, lemmas(word)))
    ]


@cache
def _word_lists() -> tuple[frozenset[str], list[str]]:
    """Return the languages that wordfreq has and training may use, and frequent Russian words."""
    import wordfreq

    known = set(wordfreq.available_languages("small"))
    return frozenset(known & set(resource()["training"]["locales"])), frequent("wordfreq", FREQUENT)


@cache
def _foreign_words(language: str) -> list[str]:
    import wordfreq

    return wordfreq.top_n_list(language, FREQUENT_FOREIGN, wordlist="small")
