"""The split of a language's words into known and held-out ones, by lemma."""

from __future__ import annotations

from hashlib import blake2b

from vitrina.text.lexicon import fold

HELD_OUT = 0.2
"""Share of the lemmas that no training may take from a dictionary or a word list."""
FAMILIES = ("страх", "сук")
"""Letters whose words are all held out: whole families, of which no relative is known either."""


def is_held_out(lemma: str) -> bool:
    """Whether only evaluation may use the forms of this lemma; ignores case, ё is е.

    The answer is `in_family`, or a hash of the lemma: it depends on no other word and on no
    version. Comments contain held-out words as well; the split applies to what is added to them.
    """
    digest = blake2b(fold(lemma).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < HELD_OUT * 2**64 or in_family(lemma)


def in_family(word: str) -> bool:
    """Whether a word belongs to a family that is held out as a whole."""
    folded = fold(word)
    return any(letters in folded for letters in FAMILIES)
