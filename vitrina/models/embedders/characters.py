"""One token for each character, looked up in a table: a baseline for visual embedders.

The alphabet is the characters of the noisy training texts. Any other character is unknown, whatever
it looks like.
"""

from __future__ import annotations

import numpy as np

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.errors import InputError
from vitrina.models.embedders.config import CharactersConfig
from vitrina.models.embedders.table import TableEmbedder, table_inputs
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import NUM_CODE_POINTS, TextBatch, pieces, ranges
from vitrina.text.case import lower_case

UNKNOWN_ID = 0


class CharactersTokenizer(Tokenizer):
    """Makes a token of each character; unknown characters share one.

    Args:
        code_points: the known characters.
        lowercase: whether to lowercase texts.
    """

    def __init__(self, code_points: np.ndarray, *, lowercase: bool) -> None:
        self.lowercase = lowercase
        self.id_of = np.full(NUM_CODE_POINTS, UNKNOWN_ID, dtype=np.int64)
        self.id_of[code_points] = 1 + np.arange(len(code_points))

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        ids_N = self.id_of[_code_points(texts, self.lowercase)]
        return table_inputs(ids_N, texts.lengths, empty_id=int(self.id_of[ord(" ")]))

    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
        lengths = np.maximum(1, texts.lengths)
        places = ranges(np.zeros(len(texts), dtype=np.int64), lengths)
        return places, places + 1


class CharactersEmbedder(TableEmbedder):
    """A table of character embeddings; unknown characters share a row.

    A text without characters is embedded as a blank.
    """

    def __init__(self, config: CharactersConfig, fitted: FittedState) -> None:
        code_points = fitted.arrays["code_points"]
        tokenizer = CharactersTokenizer(code_points, lowercase=config.lowercase)
        super().__init__(tokenizer, 1 + len(code_points), config.dim, config.dropout)

    @classmethod
    def fit(cls, config: CharactersConfig, corpus: Corpus) -> FittedState:
        """Collect the characters of the noisy training texts.

        Returns:
            `code_points` int32 [V - 1], ascending; character `i` has the id `1 + i`.

        Raises:
            InputError: if no character is frequent enough.
        """
        texts, counts = corpus.noisy(), np.zeros(NUM_CODE_POINTS, dtype=np.int64)
        for start, stop in pieces(texts.offsets):
            code_points = _code_points(texts.part(start, stop), config.lowercase)
            counts += np.bincount(code_points, minlength=NUM_CODE_POINTS)
        frequent = np.flatnonzero(counts >= config.min_frequency).astype(np.int32)
        if len(frequent) == 0:
            raise InputError(
                f"embedder.min_frequency = {config.min_frequency}: must be at most "
                f"{counts.max()}, the count of the training texts' most frequent character"
            )
        return FittedState({"code_points": frequent})


def _code_points(texts: TextBatch, lowercase: bool) -> np.ndarray:
    """Return the code points of all texts, uint32, with capital letters folded if `lowercase`."""
    return lower_case(texts.code_points) if lowercase else texts.code_points
