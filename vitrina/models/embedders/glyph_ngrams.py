"""Glyph tokens that also know the n-grams around them, hashed from visual codes.

Hashed n-grams learn from few examples what a word is, but any sign put for a letter makes them
other n-grams. Here they are not n-grams of characters: each glyph is first replaced by its visual
code (`vitrina.models.codebook`), which it shares with what looks alike. A token's embedding is that
of its glyph plus the projected mean of the n-grams that cover it. N-grams stay within words, as
in fastText (see `vitrina.text.ngrams`); their embeddings start at zero, so that the model starts as
`glyphs` does and what was never seen in training adds nothing.

Shapes: G distinct glyphs in the batch, N tokens, U distinct n-grams in the batch, M n-grams that
begin at one place, P places of words with their marks, C n-grams that cover a token at most, E
width of their embeddings, D width of a token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.glyphs.pictures import Pictures
from vitrina.glyphs.segmentation import segment
from vitrina.models.artefacts import Artefacts
from vitrina.models.codebook import BLANK, Codebook, fit_codebook, fit_space, space_of
from vitrina.models.embedders.config import GlyphNgramsConfig
from vitrina.models.embedders.glyphs import GlyphsEmbedder, count_glyphs, fit_glyphs
from vitrina.models.embedders.ngrams import rows_of
from vitrina.models.inputs import Inputs
from vitrina.models.ragged import Ragged, exclusive_sum
from vitrina.text.columns import Texts, ranges
from vitrina.text.ngrams import MarkedWords, hash_places


@dataclass(frozen=True, kw_only=True)
class CoveredInputs(Inputs):
    """Glyphs, each with the n-grams that cover it.

    `tables["rows"]` int64 [U] are the rows of the distinct n-grams of the batch, rising.

    Attributes:
        covering: int32 [N, C], indices into `rows`; U stands where there is no n-gram.
    """

    covering: Tensor

    def take(self, indices: np.ndarray) -> CoveredInputs:
        """The texts at `indices`, in that order; the tables are shared."""
        starts, lengths = exclusive_sum(self.lengths)[indices], self.lengths[indices]
        rows = torch.from_numpy(ranges(starts, lengths))
        return _with_covering(super().take(indices), self.covering[rows])

    def to(self, device: torch.device) -> CoveredInputs:
        if device.type == "cpu":
            return self
        covering = self.covering.to(device, non_blocking=True)
        return _with_covering(super().to(device), covering)


def _with_covering(inputs: Inputs, covering: Tensor) -> CoveredInputs:
    return CoveredInputs(
        ids=inputs.ids,
        lengths=inputs.lengths,
        num_tokens=inputs.num_tokens,
        tables=inputs.tables,
        covering=covering,
    )


class GlyphNgramsEmbedder(GlyphsEmbedder):
    """Whitened glyphs plus the projected mean of the n-grams of visual codes that cover them.

    Args:
        config: the option's values.
        artefacts: what `fit` gave.
    """

    config: GlyphNgramsConfig

    def __init__(self, config: GlyphNgramsConfig, artefacts: Artefacts) -> None:
        super().__init__(config, artefacts.part("glyphs"))
        self.codebook = Codebook(
            artefacts.part("codebook"),
            space_of(artefacts.part("space")),
            self.pictures,
            width_px=config.width_px,
            least_cosine=config.least_cosine,
        )
        self.table = nn.Embedding(config.num_buckets, config.ngram_width, sparse=config.sparse)
        nn.init.zeros_(self.table.weight)
        self.projection = nn.Linear(config.ngram_width, config.width, bias=False)
        nn.init.normal_(self.projection.weight, std=config.ngram_width**-0.5)

    @staticmethod
    def fit(  # pyright: ignore[reportIncompatibleMethodOverride]
        config: GlyphNgramsConfig, clean: Texts, noisy: Callable[[], Texts]
    ) -> Artefacts:
        """Whitening and codebook of the distinct glyphs of the clean training texts.

        Raises:
            InputError: if the texts hold fewer than two distinct glyphs, or none that is
                frequent enough to have a code.
        """
        counts = count_glyphs(clean)
        clusters = list(counts)
        glyphs = fit_glyphs(config, clusters)
        pictures = Pictures(config.fonts, config.font_size_px, config.height_px)
        canvases_GHW = pictures.canvases(clusters, config.width_px)
        space = fit_space(canvases_GHW, config.num_components, config.code_shrinkage)
        codebook = fit_codebook(
            counts,
            space_of(space)(canvases_GHW),
            min_count=config.min_count,
            merge_cosine=config.merge_cosine,
            fold_case=config.fold_case,
        )
        return Artefacts.join({"glyphs": glyphs, "space": space, "codebook": codebook})

    def encode(self, texts: Texts) -> CoveredInputs:
        config, tokens = self.config, segment(texts)
        codes_N = self.codebook(tokens.clusters)[tokens.ids]
        words, token_of = coded_words(
            codes_N, tokens.lengths, self.codebook.is_sign if config.skip_signs else None
        )
        hashes_PM, present_PM = hash_places(
            words, config.min_n, config.max_n, whole_words=config.whole_words
        )
        rows, numbers_PM = _numbered(
            rows_of(hashes_PM, config.num_buckets), present_PM, config.num_buckets
        )
        covering_NC = np.full((len(codes_N), _most_covering(config)), len(rows), dtype=np.int32)
        covering_NC[token_of] = _covering(words, numbers_PM, len(rows), config)
        inputs = self.inputs(tokens)
        inputs.tables["rows"] = torch.from_numpy(rows)
        return _with_covering(inputs, torch.from_numpy(covering_NC))

    def embed_ngrams(self, inputs: CoveredInputs) -> Tensor:
        """The mean [N, E] of the n-grams that cover each token; 0 where none does."""
        ngrams_UE = self._dropped(self.table(inputs.tables["rows"]))
        none = len(ngrams_UE)
        padded_UE = torch.cat([ngrams_UE, ngrams_UE.new_zeros(1, ngrams_UE.shape[1])])
        total_NE = F.embedding_bag(inputs.covering, padded_UE, mode="sum", padding_idx=none)
        counts_N1 = (inputs.covering != none).sum(dim=1, keepdim=True)
        return total_NE / counts_N1.clamp(min=1)

    def _dropped(self, ngrams_UE: Tensor) -> Tensor:
        """Whole n-grams are left out of the batch in training, each wherever it stands."""
        p = self.config.ngram_dropout
        if not self.training or p == 0:
            return ngrams_UE
        kept_U1 = torch.rand(len(ngrams_UE), 1, device=ngrams_UE.device) >= p
        return ngrams_UE * kept_U1 / (1 - p)

    def forward(self, inputs: Inputs) -> Ragged:
        assert isinstance(inputs, CoveredInputs)
        x = super().forward(inputs)
        return x.with_values(x.values + self.projection(self.embed_ngrams(inputs)))


def coded_words(
    codes_N: np.ndarray, lengths_B: np.ndarray, is_sign: np.ndarray | None
) -> tuple[MarkedWords, np.ndarray]:
    """The words of texts of visual codes, which blanks part.

    Args:
        codes_N: codes of all tokens.
        lengths_B: int64 [B], tokens of each text.
        is_sign: for each code whether it is left out of words that hold anything else; None
            leaves nothing out.

    Returns:
        The words between their marks, and int64, the tokens that stand in them.
    """
    text_of = np.repeat(np.arange(len(lengths_B)), lengths_B)
    blank = codes_N == BLANK
    word_of = np.cumsum(blank) + text_of  # grows with blanks and with texts
    kept = ~blank
    if is_sign is not None:
        signs = is_sign[codes_N]
        says = np.zeros(word_of[-1] + 1, dtype=bool)  # more than signs
        says[word_of[kept & ~signs]] = True
        kept &= ~signs | ~says[word_of]
    token_of = np.flatnonzero(kept)
    words = MarkedWords.of(codes_N[kept], word_of[kept], text_of[kept], len(lengths_B))
    return words, token_of


def _numbered(
    rows_PM: np.ndarray, present_PM: np.ndarray, num_buckets: int
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows int64 [U], rising, and int32 [P, M] the index of each; U for none."""
    rows, numbers = np.unique(rows_PM[present_PM], return_inverse=True)
    numbers_PM = np.full(rows_PM.shape, len(rows), dtype=np.int32)
    numbers_PM[present_PM] = numbers
    return rows, numbers_PM


def _most_covering(config: GlyphNgramsConfig) -> int:
    return config.whole_words + sum(range(config.min_n, config.max_n + 1))


def _covering(
    words: MarkedWords, numbers_PM: np.ndarray, none: int, config: GlyphNgramsConfig
) -> np.ndarray:
    """int32 [symbols of the words, C]: the n-grams that cover each."""
    places, in_word = words.places, words.places_in_words()[words.places]
    columns = []
    if config.whole_words:
        columns.append(numbers_PM[places - in_word, 0])
    for column, n in enumerate(range(config.min_n, config.max_n + 1), start=len(columns)):
        for back in range(n):
            begins = numbers_PM[np.maximum(places - back, 0), column]
            columns.append(np.where(in_word >= back, begins, none))
    return np.stack(columns, axis=1)
