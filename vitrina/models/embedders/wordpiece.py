"""The text-token baseline (TTR): word pieces looked up in a table.

The tokenizer is trained on the noisy training texts and saved with the run. WordPiece: Schuster and
Nakajima 2012, as in BERT (Devlin et al. 2019).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer as PieceTokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.errors import InputError
from vitrina.models.embedders.config import WordpieceConfig
from vitrina.models.embedders.table import TableEmbedder, table_inputs
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer, piece_spans
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch

UNKNOWN, START = "[UNK]", "[CLS]"


def train_wordpiece(
    texts: Iterable[str], vocabulary_size: int, *, min_frequency: int, lowercase: bool
) -> PieceTokenizer:
    """Train a WordPiece tokenizer of at most `vocabulary_size` pieces, deterministically.

    The library numbers characters in the order of a hash table, which differs between processes,
    and breaks ties between pairs by these numbers. Therefore a first training without merges finds
    the characters, and a second one gets them sorted, as special tokens.
    """
    texts = list(texts)
    characters = _train(texts, [], 0, min_frequency=1, lowercase=lowercase)
    vocabulary = _train(
        texts,
        [UNKNOWN, START, *sorted(characters)],
        vocabulary_size,
        min_frequency=min_frequency,
        lowercase=lowercase,
    )
    return _tokenizer(vocabulary, lowercase)


def _train(
    texts: list[str], first: list[str], size: int, *, min_frequency: int, lowercase: bool
) -> dict[str, int]:
    """Return pieces and their ids; `first` come first, in this order."""
    tokenizer = _tokenizer({}, lowercase)
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=min_frequency, special_tokens=first, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.get_vocab()


def _tokenizer(vocabulary: dict[str, int], lowercase: bool) -> PieceTokenizer:
    """Return a tokenizer that splits words as BERT does, and words into pieces of `vocabulary`."""
    model = models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=100)
    tokenizer = PieceTokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=lowercase
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    if vocabulary:
        tokenizer.add_special_tokens([UNKNOWN, START])
    return tokenizer


def load_tokenizer(path: Path) -> PieceTokenizer:
    """Load a tokenizer from a tokenizer.json or its folder.

    Raises:
        InputError: if there is none.
    """
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise InputError(
            f"embedder.tokenizer = {str(path)!r}: must be a tokenizer.json or its folder"
        )
    try:
        return PieceTokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exceptions
        raise InputError(f"{file}: must be a file of the library tokenizers ({error})") from None


class WordpieceTokenizer(Tokenizer):
    """Splits texts into word pieces, after the special token `[CLS]`.

    Args:
        pieces: tokenizer of the library tokenizers.
    """

    def __init__(self, pieces: PieceTokenizer) -> None:
        self.pieces = pieces
        self.pieces.no_truncation()
        self.pieces.no_padding()
        self.start_id = pieces.token_to_id(START) or 0

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        encodings = self.pieces.encode_batch_fast(texts.to_encodable(), add_special_tokens=False)
        ids = [[self.start_id, *encoding.ids] for encoding in encodings]
        lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        flat = np.concatenate([np.array(part, dtype=np.int64) for part in ids])
        return table_inputs(flat, lengths, self.start_id)

    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
        encodings = self.pieces.encode_batch(texts.to_encodable(), add_special_tokens=False)
        return piece_spans([(0, 0), *encoding.offsets] for encoding in encodings)


class WordpieceEmbedder(TableEmbedder):
    """A table of word-piece embeddings.

    Every text starts with `[CLS]`, so that each has a token.
    """

    def __init__(self, config: WordpieceConfig, fitted: FittedState) -> None:
        tokenizer = WordpieceTokenizer(PieceTokenizer.from_str(fitted.texts["tokenizer"]))
        super().__init__(tokenizer, tokenizer.pieces.get_vocab_size(), config.dim, config.dropout)

    @classmethod
    def fit(cls, config: WordpieceConfig, corpus: Corpus) -> FittedState:
        """Return the given tokenizer, or one trained on the noisy training texts."""
        if config.tokenizer is not None:
            tokenizer = load_tokenizer(Path(config.tokenizer))
        else:
            tokenizer = train_wordpiece(
                corpus.noisy().to_strings(),
                config.vocabulary_size,
                min_frequency=config.min_frequency,
                lowercase=config.lowercase,
            )
        return FittedState(texts={"tokenizer": tokenizer.to_str()})
