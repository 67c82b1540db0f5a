"""Tiny Hugging Face checkpoints with random weights, made on demand."""

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюяabcdefghijklmnopqrstuvwxyz0123456789"
SPECIAL = ["<s>", "[PAD]", "[SEP]", "[UNK]"]
"""The padding id is 1, as in RoBERTa, whose positions start after it."""

SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "pad_token_id": 1,
    "initializer_range": 0.3,
}
CONFIGS = {
    "bert": lambda **more: transformers.BertConfig(**SIZES, **more),
    "roberta": lambda **more: transformers.RobertaConfig(**SIZES, **more),
}
POSITIONS = 10
"""Maximum number of tokens of both models; longer texts are split into windows."""


def tiny_tokenizer() -> Any:
    """Return a tokenizer with letters as subwords, between <s> and [SEP]."""
    pieces = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), "при", "##вет"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A [SEP]", special_tokens=[("<s>", 0), ("[SEP]", 2)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="<s>",
        pad_token="[PAD]",
        sep_token="[SEP]",
        unk_token="[UNK]",
    )


def make_checkpoint(folder: Path, kind: str = "bert") -> Path:
    """Write a checkpoint to `folder`: settings, weights, tokenizer."""
    tokenizer = tiny_tokenizer()
    positions = POSITIONS + (2 if kind == "roberta" else 0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = CONFIGS[kind](vocab_size=len(tokenizer), max_position_embeddings=positions)
        save(folder, transformers.AutoModel.from_config(config))
    tokenizer.save_pretrained(folder)
    return folder


def save(folder: Path, model: Any) -> None:
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
