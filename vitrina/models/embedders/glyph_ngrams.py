"""Glyph tokens that also know the n-grams around them, hashed from visual codes.

Hashed n-grams learn from few examples what a word is, but any sign put for a letter makes them
other n-grams. Here they are not n-grams of characters: each glyph is first replaced by its visual
code (`vitrina.deobfuscation.codebook`), which it shares with what looks alike; codes that are in
doubt are read in their word (`vitrina.deobfuscation.word_deobfuscator`), and words that nobody
wrote as known ones (`vitrina.deobfuscation.spelling`). A token's embedding is that of its glyph
plus the projected mean of the n-grams that cover it. N-grams stay within words, as in fastText (see
`vitrina.text.ngrams`); their embeddings start at zero, so that the model starts as `glyphs` does
and what was never seen in training adds nothing.

Shapes: G distinct glyphs in the batch, N tokens, U distinct n-grams in the batch, M n-grams that
begin at one place, P places of words with their marks, C n-grams that cover a token at most, E
dim of an n-gram's embedding, D dim of a token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.deobfuscation.beam_search import SKIP
from vitrina.deobfuscation.codebook import BLANK, UNKNOWN, Codebook, fit_codebook
from vitrina.deobfuscation.deletion_index import fit_deletion_index
from vitrina.deobfuscation.language_model import NgramLanguageModel, fit_language_model
from vitrina.deobfuscation.noise_channel import NoiseChannel, fit_noise_channel
from vitrina.deobfuscation.spelling import Letters, SpellingCorrector
from vitrina.deobfuscation.word_deobfuscator import WordDeobfuscator
from vitrina.glyphs.features import GlyphFeatures, fit_glyph_features
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import GlyphTokens, segment
from vitrina.models.embedders.glyphs import GlyphsEmbedder, count_glyphs, distortion_of
from vitrina.models.embedders.glyphs_config import GlyphNgramsConfig
from vitrina.models.embedders.ngram_spans import NgramTokenBatch, find_ngram_spans, mean_of_ngrams
from vitrina.models.embedders.ngrams import rows_of
from vitrina.models.layers.ragged import Ragged
from vitrina.models.token_batch import TokenBatch
from vitrina.noise.replacements import Replacements
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch, pieces
from vitrina.text.ngrams import MarkedWords, hash_places

SPACED = 3
"""Words of one letter that stand beside each other in plain Russian are hardly ever so many."""
MIN_COUNT = 2
"""How often a context must occur in the training texts for the language model to know it."""


class GlyphNgramsEmbedder(GlyphsEmbedder):
    """Whitened glyphs plus the projected mean of the n-grams of visual codes that cover them.

    Args:
        config: the option's values.
        artefacts: what `fit` gave.
    """

    config: GlyphNgramsConfig

    def __init__(self, config: GlyphNgramsConfig, fitted: FittedState) -> None:
        super().__init__(config, fitted.part("glyphs"))
        self.codebook = _codebook(config, fitted, self.pictures)
        self.reader = None
        if config.context_order:
            self.reader = WordDeobfuscator(
                self.codebook,
                NgramLanguageModel(fitted.part("context"), len(self.codebook.is_sign)),
                weight=config.context_weight,
                num_candidates=config.context_candidates,
                left_out=config.context_left_out,
                repeated=config.context_repeated,
                beam=config.context_beam,
                channel=NoiseChannel.of(fitted.part("channel"), self.codebook),
            )
        self.respeller = None
        if self.reader is not None and config.respelled:
            self.respeller = SpellingCorrector(
                fitted.part("known"),
                self.reader.model,
                self.codebook.is_letter,
                missing=config.respelled_missing,
                hidden=config.respelled_hidden,
                exchanged=config.respelled_exchanged,
                margin=config.respelled_margin,
            )
        self.table = nn.Embedding(config.num_buckets, config.ngram_dim, sparse=config.sparse)
        nn.init.zeros_(self.table.weight)
        self.projection = nn.Linear(config.ngram_dim, config.dim, bias=False)
        nn.init.normal_(self.projection.weight, std=config.ngram_dim**-0.5)

    @staticmethod
    def fit(  # pyright: ignore[reportIncompatibleMethodOverride]
        config: GlyphNgramsConfig, clean: TextBatch, noisy: Callable[[], TextBatch]
    ) -> FittedState:
        """Whitening and codebook of the distinct glyphs of the clean training texts.

        Raises:
            InputError: if the texts hold fewer than two distinct glyphs, or none that is
                frequent enough to have a code.
        """
        counts = count_glyphs(clean)
        glyphs = list(counts)
        distortion = distortion_of(config)
        seen = fit_glyph_features(config, glyphs, distortion)
        compared = fit_glyph_features(
            replace(config, shrinkage=config.code_shrinkage, features=config.code_features),
            glyphs,
            distortion,
        )
        pictures = GlyphRenderer(config.fonts, config.font_size_px, config.height_px)
        codebook = fit_codebook(
            counts,
            GlyphFeatures(compared).on_host(pictures.render(glyphs, config.width_px)),
            min_share=config.min_share,
            merge_cosine=config.merge_cosine,
            fold_case=config.fold_case,
        )
        if config.features == "shapes":  # the glyph encoder of both is kept once
            whitening = {name: compared.arrays[name] for name in ("mean", "projection")}
            compared = FittedState(whitening)
        parts = {"glyphs": seen, "space": compared, "codebook": codebook}
        fitted = FittedState.join(parts)
        if not config.context_order:
            return fitted
        book = _codebook(config, fitted, pictures)
        tokens = [segment(clean.part(*piece)) for piece in pieces(clean.offsets)]
        codes_N = np.concatenate([book(part.clusters)[part.ids] for part in tokens])
        lengths = np.concatenate([part.lengths for part in tokens])
        word_of, kept = _parted(config, book, codes_N, lengths)
        words, _ = _marked(codes_N, word_of, kept, lengths)
        model = fit_language_model(
            words, len(book.is_sign), order=config.context_order, min_count=MIN_COUNT
        )
        parts |= {"context": model, "channel": fit_noise_channel(Replacements())}
        if config.respelled:
            parts["known"] = fit_deletion_index(words, book.is_letter)
        return FittedState.join(parts)

    @staticmethod
    def fit_noise(
        config: GlyphNgramsConfig, fitted: FittedState, replaced: Callable[[], Replacements]
    ) -> FittedState:
        """What the training noise puts for letters, where words are read in their context."""
        if not config.context_order:
            return fitted
        channel = FittedState.join({"channel": fit_noise_channel(replaced())})
        return FittedState(fitted.arrays, {**fitted.texts, **channel.texts})

    def tokenize(self, texts: TextBatch) -> NgramTokenBatch:
        config, tokens = self.config, segment(texts)
        words, token_of = self.read_words(tokens)
        hashes_PM, present_PM = hash_places(
            words, config.min_n, config.max_n, whole_words=config.whole_words
        )
        rows, numbers_PM = _numbered(rows_of(hashes_PM, config.num_buckets), present_PM)
        ngram_spans = find_ngram_spans(
            words,
            numbers_PM,
            len(rows),
            min_n=config.min_n,
            max_n=config.max_n,
            whole_words=config.whole_words,
        )
        covering_NC = np.full((len(tokens.ids), ngram_spans.shape[1]), len(rows), dtype=np.int32)
        shown = token_of >= 0
        covering_NC[token_of[shown]] = ngram_spans[shown]
        inputs = self.inputs(tokens)
        inputs.tables["rows"] = torch.from_numpy(rows)
        return NgramTokenBatch.of(inputs, covering_NC)

    def read_words(self, tokens: GlyphTokens) -> tuple[MarkedWords, np.ndarray]:
        """The words of texts in visual codes, and int64, the tokens that show these; -1 for what no
        token shows."""
        own_N = codes_N = self.codebook(tokens.clusters)[tokens.ids]
        word_of, kept = _parted(self.config, self.codebook, codes_N, tokens.lengths)
        if self.reader is not None:
            read_N = self.reader.read(tokens.clusters, tokens.ids, codes_N, word_of)
            kept = np.where(read_N != codes_N, read_N != SKIP, kept)
            codes_N = read_N
        if self.respeller is None:
            return _marked(codes_N, word_of, kept, tokens.lengths)
        sign = (self.codebook.is_sign[own_N] | (own_N == UNKNOWN)) & ~kept
        letters = self.respeller(Letters.of(codes_N, word_of, kept, sign))
        text_of_word = np.zeros(word_of.max(initial=0) + 1, dtype=np.int64)
        text_of_word[word_of] = np.repeat(np.arange(len(tokens.lengths)), tokens.lengths)
        text_of = text_of_word[letters.word_of]  # no word is in two texts
        words = MarkedWords.of(letters.codes, letters.word_of, text_of, len(tokens.lengths))
        return words, letters.tokens

    def mask(self, inputs: TokenBatch, masked: np.ndarray) -> TokenBatch:
        # The n-grams around a hidden glyph would tell which it is: nothing knows any then.
        assert isinstance(inputs, NgramTokenBatch)
        tables = inputs.tables | {"rows": inputs.tables["rows"][:0]}
        nothing = replace(inputs, tables=tables, ngram_spans=np.zeros_like(inputs.ngram_spans))
        return super().mask(nothing, masked)

    def _dropped(self, ngrams_UE: Tensor) -> Tensor:
        """Whole n-grams are left out of the batch in training, each wherever it stands."""
        p = self.config.ngram_dropout
        if not self.training or p == 0:
            return ngrams_UE
        kept_U1 = torch.rand(len(ngrams_UE), 1, device=ngrams_UE.device) >= p
        return ngrams_UE * kept_U1 / (1 - p)

    def forward(self, inputs: TokenBatch) -> Ragged:
        assert isinstance(inputs, NgramTokenBatch)
        ngrams_UE = self._dropped(self.table(inputs.tables["rows"]))
        covering_NE = mean_of_ngrams(ngrams_UE, inputs.ngram_spans)
        x = super().forward(inputs)
        return x.with_values(x.values + self.projection(covering_NE))


def parted(
    codes_N: np.ndarray,
    lengths_B: np.ndarray,
    *,
    is_sign: np.ndarray | None,
    join_spaced: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Which words tokens stand in; blanks part them.

    Args:
        codes_N: codes of all tokens.
        lengths_B: int64 [B], tokens of each text.
        is_sign: for each code whether it is left out of words that hold anything else; None
            leaves nothing out.
        join_spaced: whether `SPACED` or more neighbours of one code each are one word.

    Returns:
        Numbers of words int64 [N], which do not fall over what is no blank, and bool [N], what is
        left in them.
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
    if join_spaced:
        joined = np.arange(word_of[-1] + 1)
        joined[word_of[kept]] = _joined(word_of[kept], text_of[kept])
        word_of = joined[word_of]
    return word_of, kept


def _codebook(config: GlyphNgramsConfig, fitted: FittedState, pictures: GlyphRenderer) -> Codebook:
    space = fitted.part("space")
    shapes = fitted.part("glyphs").part("shapes") if config.features == "shapes" else None
    return Codebook(
        fitted.part("codebook"),
        GlyphFeatures(space, shapes if config.code_features == "shapes" else None).on_host,
        pictures,
        width_px=config.width_px,
        least_cosine=config.least_cosine,
    )


def _parted(
    config: GlyphNgramsConfig, book: Codebook, codes_N: np.ndarray, lengths_B: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    is_sign = book.is_sign if config.skip_signs else None
    return parted(codes_N, lengths_B, is_sign=is_sign, join_spaced=config.join_spaced)


def _marked(
    codes_N: np.ndarray, word_of: np.ndarray, kept: np.ndarray, lengths_B: np.ndarray
) -> tuple[MarkedWords, np.ndarray]:
    text_of = np.repeat(np.arange(len(lengths_B)), lengths_B)
    words = MarkedWords.of(codes_N[kept], word_of[kept], text_of[kept], len(lengths_B))
    return words, np.flatnonzero(kept)


def _joined(word_of: np.ndarray, text_of: np.ndarray) -> np.ndarray:
    """Numbers of words, `SPACED` or more neighbours of one code each having the first one's."""
    new = np.diff(word_of, prepend=-1, append=-1) != 0
    alone = new[:-1] & new[1:]
    goes_on = alone[1:] & alone[:-1] & (text_of[1:] == text_of[:-1])
    run_of = np.cumsum(np.append(True, ~goes_on)[: len(word_of)]) - 1
    long = alone & (np.bincount(run_of)[run_of] >= SPACED)
    first = np.flatnonzero(np.diff(run_of, prepend=-1))
    return np.where(long, word_of[first][run_of], word_of)


def _numbered(rows_PM: np.ndarray, present_PM: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows int64 [U], rising, and int32 [P, M] the index of each; U for none."""
    rows, numbers = np.unique(rows_PM[present_PM], return_inverse=True)
    numbers_PM = np.full(rows_PM.shape, len(rows), dtype=np.int32)
    numbers_PM[present_PM] = numbers
    return rows, numbers_PM
