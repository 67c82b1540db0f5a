"""Sub-words of a Hugging Face checkpoint: its tokenizer and its embedding table.

With `encoder=pretrained` and the same checkpoint, the two form the original model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import torch
from tokenizers import Tokenizer as PieceTokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.models.embedders.base import Embedder
from vitrina.models.embedders.config import SubwordsConfig
from vitrina.models.layers.ragged import Ragged
from vitrina.models.pretrained import Checkpoint, check_weights, find_checkpoint
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer, piece_spans
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch


class SubwordsTokenizer(Tokenizer):
    """The tokenizer of a checkpoint.

    Args:
        pieces: tokenizer of the library tokenizers.
        empty_id: token of a text without sub-words.
    """

    def __init__(self, pieces: PieceTokenizer, empty_id: int) -> None:
        self.pieces, self.empty_id = pieces, empty_id

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        encodings = self.pieces.encode_batch_fast(texts.to_encodable())
        ids = [encoding.ids or [self.empty_id] for encoding in encodings]
        lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        flat = np.concatenate([np.array(part, dtype=np.int64) for part in ids])
        return TokenBatch(torch.from_numpy(flat), lengths, lengths)

    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
        encodings = self.pieces.encode_batch(texts.to_encodable())
        return piece_spans(encoding.offsets or [(0, 0)] for encoding in encodings)


class SubwordsEmbedder(Embedder):
    """A table of sub-word embeddings; each text gets the checkpoint's special tokens.

    Special tokens written in a text are tokenized as text.
    """

    def __init__(self, config: SubwordsConfig, fitted: FittedState) -> None:
        super().__init__()
        self.config = config
        self.facts = json.loads(fitted.texts["checkpoint"])
        self.dim: int = self.facts["dim"]
        pieces = _plain(PieceTokenizer.from_str(fitted.texts["tokenizer"]))
        self.tokenizer = SubwordsTokenizer(pieces, self.facts["empty"])
        self.table = nn.Embedding(self.facts["rows"], self.dim)
        self.table.weight.requires_grad_(not config.frozen)

    @classmethod
    def fit(cls, config: SubwordsConfig, corpus: Corpus) -> FittedState:
        """Return the checkpoint's tokenizer and the shape of its table.

        Raises:
            InputError: if it is not found, or lacks a fast tokenizer or embeddings of sub-words.
        """
        checkpoint = _checkpoint(config)
        fast = checkpoint.tokenizer()
        tokenizer = PieceTokenizer.from_str(fast.backend_tokenizer.to_str())
        rows, dim = checkpoint.load(checkpoint.settings()).get_input_embeddings().weight.shape
        last = max(tokenizer.get_vocab().values(), default=-1)
        if not 0 <= last < rows:
            raise checkpoint.refuse(
                f"must contain an embedding for each sub-word; it has {rows}, and sub-word {last}"
            )
        # The token of a text without sub-words.
        special = (fast.cls_token_id, fast.bos_token_id, fast.unk_token_id, fast.eos_token_id)
        facts = {
            "sha256": checkpoint.weights_sha256(),
            "rows": rows,
            "dim": dim,
            "empty": next((token for token in special if token is not None), 0),
        }
        return FittedState(
            texts={"tokenizer": _plain(tokenizer).to_str(), "checkpoint": json.dumps(facts)}
        )

    def load_pretrained(self) -> None:
        checkpoint = _checkpoint(self.config)
        check_weights(checkpoint, self.facts["sha256"])
        table = checkpoint.load(checkpoint.settings()).get_input_embeddings()
        with torch.no_grad():
            # Through the module, as some modules scale their embeddings.
            self.table.weight.copy_(table(torch.arange(self.facts["rows"])))

    def rate_shares(self) -> Iterator[tuple[Tensor, float]]:
        """Yield the table and its share of the learning rate."""
        yield self.table.weight, self.config.rate_share

    def forward(self, inputs: TokenBatch) -> Ragged:
        return Ragged(F.embedding(inputs.ids, self.table.weight), inputs.num_tokens)


def _plain(tokenizer: PieceTokenizer) -> PieceTokenizer:
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # "[SEP]" in a comment is five characters
    return tokenizer


def _checkpoint(config: SubwordsConfig) -> Checkpoint:
    assert config.name is not None
    return find_checkpoint("embedder.name", config.name, config.revision)
