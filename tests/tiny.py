"""Tiny models of every embedder, and texts that are hard to draw."""

from dataclasses import asdict, replace
from functools import cache

import torch

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.deobfuscation.codes import CodesDeobfuscator
from vitrina.deobfuscation.config import CodesConfig
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.embedders.bytes import BytesEmbedder
from vitrina.models.embedders.characters import CharactersEmbedder
from vitrina.models.embedders.config import (
    BytesConfig,
    CharactersConfig,
    LineConfig,
    NgramsConfig,
    SlicesConfig,
    WordpieceConfig,
)
from vitrina.models.embedders.glyph_ngrams import GlyphNgramsEmbedder, GlyphNgramsTokenizer
from vitrina.models.embedders.glyphs import GlyphsEmbedder
from vitrina.models.embedders.glyphs_config import GlyphNgramsConfig, GlyphsConfig
from vitrina.models.embedders.line import LineEmbedder
from vitrina.models.embedders.ngram_spans import NgramTokenBatch
from vitrina.models.embedders.ngrams import NgramsEmbedder
from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.models.embedders.wordpiece import WordpieceEmbedder
from vitrina.models.embedders.words import WordsEmbedder
from vitrina.models.encoders.cnn import CnnEncoder
from vitrina.models.encoders.config import CnnConfig, MeanConfig, TransformerConfig
from vitrina.models.encoders.mean import MeanEncoder
from vitrina.models.encoders.transformer import TransformerEncoder
from vitrina.models.heads.classification import ClassificationHead, WordHead
from vitrina.models.heads.ctc import CtcHead
from vitrina.models.heads.pixels import PixelHead
from vitrina.models.layers.masking import Masking
from vitrina.models.masked_model import MaskedModel
from vitrina.models.model import Model
from vitrina.models.prepare import TextPipeline
from vitrina.noise.corpus import Corpus
from vitrina.normalizers.base import NoNormalizer, Normalizer
from vitrina.text.batch import TextBatch

TEXTS = [
    "жопа",
    "",
    "}|{0па, привет! Как дела?",
    "о\u0301 \u200b я",
    "длинный комментарий " * 5,
    "\U00013000 и 中文 👍🏽",
]

SLICES = SlicesConfig(
    kind="slices",
    fonts=[],
    font_size_px=13,
    height_px=16,
    window_px=32,
    stride_px=5,
    channels=[4, 8],
    dim=12,
)
GLYPHS = GlyphsConfig(
    kind="glyphs",
    fonts=[],
    font_size_px=12,
    height_px=24,
    width_px=16,
    num_components=20,
    shrinkage=0.05,
    dim=20,
    mlp_dim=8,
    dropout=0.0,
    augment=0.0,
    augment_marks=0.0,
    augment_erased=0.0,
    augment_p=0.5,
    augment_variants=2,
)
GLYPH_NGRAMS = GlyphNgramsConfig(
    **asdict(GLYPHS)
    | {
        "kind": "glyph_ngrams",
        "min_n": 1,
        "max_n": 3,
        "whole_words": True,
        "num_buckets": 50,
        "ngram_dim": 8,
        "ngram_dropout": 0.1,
        "sparse": True,
    }
)
CODES = CodesConfig(
    features="pixels", num_components=20, min_share=0.0, merge_cosine=0.92, min_cosine=0.6
)


class DeobfuscatedNgrams(GlyphNgramsTokenizer):
    """Tokenizes texts after the deobfuscator `CODES` of the tiny texts."""

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> NgramTokenBatch:
        return super().__call__(texts, read or codes_of(tuple(TEXTS))(texts))


@cache
def codes_of(strings: tuple[str, ...]) -> CodesDeobfuscator:
    """Return the deobfuscator `CODES`, fitted on these texts."""
    texts = TextBatch.from_strings(list(strings))
    return CodesDeobfuscator(CODES, CodesDeobfuscator.fit(CODES, Corpus(texts, lambda: texts)))


LINE = LineConfig(
    kind="line",
    fonts=[],
    font_size_px=13,
    height_px=16,
    patch_px=8,
    patch_stride_px=2,
    pool=2,
    num_components=20,
    shrinkage=0.05,
    channels=16,
    kernels=[3, 5],
    window_px=32,
    stride_px=8,
    dim=12,
    dropout=0.0,
)


def wordpiece_config(tokenizer: str | None = None) -> WordpieceConfig:
    return WordpieceConfig(
        kind="wordpiece",
        tokenizer=tokenizer,
        vocabulary_size=200,
        min_frequency=1,
        lowercase=True,
        dim=8,
        dropout=0.0,
    )


CHARACTERS = CharactersConfig(
    kind="characters", min_frequency=2, lowercase=False, dim=12, dropout=0.1
)
BYTES = BytesConfig(kind="bytes", dim=8, dropout=0.0)
NGRAMS = NgramsConfig(
    kind="ngrams",
    min_n=1,
    max_n=4,
    whole_words=True,
    lowercase=True,
    num_buckets=50,
    dim=8,
    sparse=True,
)

CNN = CnnConfig(kind="cnn", dim=16, stem_kernel=5, stride=2, kernels=[3, 7], dropout=0.1)
TRANSFORMER = TransformerConfig(
    kind="transformer", dim=16, num_layers=2, num_heads=2, mlp_dim=32, dropout=0.1
)
EMBEDDERS = {
    "glyphs": (GlyphsEmbedder, GLYPHS),
    "glyph_ngrams": (GlyphNgramsEmbedder, GLYPH_NGRAMS),
    "slices": (SlicesEmbedder, SLICES),
    "line": (LineEmbedder, LINE),
    "wordpiece": (WordpieceEmbedder, wordpiece_config()),
    "characters": (CharactersEmbedder, CHARACTERS),
    "bytes": (BytesEmbedder, BYTES),
    "ngrams": (NgramsEmbedder, NGRAMS),
}
ENCODERS = {
    "cnn": (CnnEncoder, CNN),
    "transformer": (TransformerEncoder, TRANSFORMER),
    "mean": (MeanEncoder, MeanConfig(kind="mean")),
}


def build(embedder_kind: str, encoder_kind: str, reads: str | None = None) -> Model:
    """Build a tiny model, with a CTC head on the encoder or the embedder if `reads` names it."""
    torch.manual_seed(0)
    texts = TextBatch.from_strings(TEXTS)
    embedder_class, config = EMBEDDERS[embedder_kind]
    embedder = embedder_class(config, embedder_class.fit(config, Corpus(texts, lambda: texts)))
    if embedder.tokenizer.reads_codes:
        embedder.tokenizer = DeobfuscatedNgrams(config)
    encoder_class, encoder_config = ENCODERS[encoder_kind]
    encoder = encoder_class(encoder_config, embedder.dim)
    head, reader = ClassificationHead(encoder.dim, 3, 0.1), None
    if reads is not None:
        reader = CtcHead(
            encoder.dim if reads == "encoder" else embedder.dim,
            dim=12,
            kernels=[3, 5],
            steps=3,
            num_symbols=7,
            uses_encoder=reads == "encoder",
            span=encoder.stride if reads == "encoder" else 1,
        )
    model = Model(embedder, encoder, head, reader)
    # A training step updates the statistics of normalization layers.
    model(model.embedder.tokenizer(texts)).square().sum().backward()
    if reads is not None:
        model.recognize(model.embedder.tokenizer(texts)).values.square().sum().backward()
    return model


def pipeline_of(model: Model, normalizer: Normalizer | None = None) -> TextPipeline:
    """Return the pipeline of a tiny model, without a deobfuscator."""
    return TextPipeline(normalizer or NoNormalizer(), None, model.embedder.tokenizer)


def build_masked(
    embedder_kind: str, encoder_kind: str, reads: str | None = None, share: float = 0.4
) -> MaskedModel:
    """Build a model that reconstructs masked pixels, with random weights of head and mask."""
    plain = build(embedder_kind, encoder_kind, reads)
    embedder, encoder = plain.embedder, plain.encoder
    assert isinstance(embedder, VisualEmbedder)
    head = PixelHead(encoder.dim, embedder.token_px, encoder.stride)
    torch.nn.init.normal_(head.linear.weight, std=0.1)
    torch.nn.init.normal_(head.linear.bias, std=0.1)
    model = MaskedModel(embedder, encoder, head, Masking(share, 2.0, encoder.stride))
    model.ctc_head = plain.ctc_head
    torch.nn.init.normal_(model.mask)
    return model


def build_words(embedder_kind: str, encoder_kind: str, pool: str = "max_mean") -> Model:
    """Build a model that labels words with three labels."""
    torch.manual_seed(0)
    texts = TextBatch.from_strings(TEXTS)
    kind, config = EMBEDDERS[embedder_kind]
    inner = kind(config, kind.fit(config, Corpus(texts, lambda: texts)))
    if inner.tokenizer.reads_codes:
        inner.tokenizer = DeobfuscatedNgrams(config)
    embedder = WordsEmbedder(inner, pool, [3])
    encoder = (
        CnnEncoder(replace(CNN, stride=1), embedder.dim)
        if encoder_kind == "cnn"
        else TransformerEncoder(TRANSFORMER, embedder.dim)
    )
    model = Model(embedder, encoder, WordHead(encoder.dim, 3, 0.1))
    model(model.embedder.tokenizer(texts)).square().sum().backward()
    return model
