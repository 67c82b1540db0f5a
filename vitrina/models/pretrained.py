"""Checkpoints in the Hugging Face format: a name on the hub or a local folder.

Weights are read from safetensors only, and code in a checkpoint is never run. `fit` and the start
of training need the checkpoint; a finished run does not. The library transformers (the extra
`pretrained`) is imported when a checkpoint is used.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vitrina.errors import InputError
from vitrina.state import FittedState

FILES = (
    "config.json",
    "model.safetensors",
    "model-*-of-*.safetensors",
    "model.safetensors.index.json",
)
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",
)
"""Files that are downloaded from the hub; none can be executed."""

IGNORED_KEYS = ("auto_map", "quantization_config", "attn_implementation", "_attn_implementation")
"""Keys of config.json that choose code."""


def transformers(key: str, value: object) -> Any:
    """Return the library transformers, silenced: this module checks what its warnings report.

    Raises:
        InputError: if it is not installed; the setting `key = value` needs it.
    """
    try:
        library = importlib.import_module("transformers")
    except ImportError:
        raise InputError(
            f"{key} = {value!r}: needs the library transformers; pip install 'vitrina[pretrained]'"
        ) from None
    library.utils.logging.set_verbosity_error()
    library.utils.logging.disable_progress_bar()
    return library


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in a local folder.

    Attributes:
        key: setting that names it, for messages.
        name: value of that setting.
        folder: folder of its files.
    """

    key: str
    name: str
    folder: Path

    def refuse(self, reason: str) -> InputError:
        """Return the error for this checkpoint: key, value and reason."""
        return InputError(f"{self.key} = {self.name!r}: {reason}")

    def settings(self) -> dict[str, Any]:
        """Return the values of config.json, without `IGNORED_KEYS`.

        Raises:
            InputError: if there is no valid config.json, or if transformers lacks its architecture.
        """
        try:
            values = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise self.refuse(f"must contain a valid config.json ({reason})") from None
        kind = values.get("model_type") if isinstance(values, dict) else None
        library = transformers(self.key, self.name)
        if not isinstance(kind, str) or kind not in library.CONFIG_MAPPING:
            raise self.refuse(
                f"model_type {kind!r} in config.json: must be an architecture of transformers; "
                "code in a checkpoint is never run"
            )
        return {name: value for name, value in values.items() if name not in IGNORED_KEYS}

    def weights_sha256(self) -> str:
        """Return the hash of the weight files.

        Raises:
            InputError: if there is no safetensors file, or if the checkpoint is an adapter.
        """
        if (self.folder / "adapter_config.json").exists():
            raise self.refuse("must be a full model, not an adapter")
        files = sorted(self.folder.glob("*.safetensors"))
        if not files:
            others = sorted(path.name for path in self.folder.glob("*.bin"))
            found = f" (found: {', '.join(others)})" if others else ""
            raise self.refuse(f"must contain its weights as model.safetensors{found}")
        digest = hashlib.sha256()
        for path in files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def load(self, settings: dict[str, Any]) -> Any:
        """Return the full model with its weights, float32, in eval mode.

        Raises:
            InputError: if it is not a text encoder, or if weights are missing.
        """
        self.weights_sha256()
        try:
            model, loading_info = _architecture(settings).from_pretrained(
                self.folder,
                config=_hf_config(settings),
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
            table = model.get_input_embeddings()
        except Exception as error:  # invalid checkpoints raise many classes
            raise self.refuse(f"cannot be loaded as an encoder ({_first_line(error)})") from None
        if not isinstance(table, nn.Embedding):
            raise self.refuse("must be a text encoder; it has no embedding table")
        missing = sorted(key for key in loading_info["missing_keys"] if "pooler" not in key)
        if missing:
            raise self.refuse(
                f"must contain all weights of the encoder; {len(missing)} are missing, "
                f"such as {missing[0]}"
            )
        return model.eval()

    def tokenizer(self) -> Any:
        """Return the checkpoint's fast tokenizer, loaded by transformers.

        Raises:
            InputError: if it has none.
        """
        library = transformers(self.key, self.name)
        try:
            tokenizer = library.AutoTokenizer.from_pretrained(
                self.folder, use_fast=True, trust_remote_code=False, local_files_only=True
            )
            assert tokenizer.is_fast, "its tokenizer is slow"
        except Exception as error:
            reason = _first_line(error)
            raise self.refuse(f"must contain a fast tokenizer, tokenizer.json ({reason})") from None
        return tokenizer


def find_checkpoint(key: str, name: str, revision: str | None) -> Checkpoint:
    """Return the checkpoint `name`: a local folder, or a model that is downloaded and cached.

    Raises:
        InputError: if it does not exist, or if the hub cannot be reached.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if revision is not None:
            setting = f"{key.rpartition('.')[0]}.revision = {revision!r}"
            raise InputError(f"{setting}: must be null for a local folder")
        return Checkpoint(key, name, folder)
    transformers(key, name)
    hub = importlib.import_module("huggingface_hub")
    errors = importlib.import_module("huggingface_hub.errors")
    allowed = "must be a local folder or the name of a model on the Hugging Face hub"
    try:
        fetched = hub.snapshot_download(
            name, revision=revision, allow_patterns=[*FILES, *TOKENIZER_FILES]
        )
    except errors.HFValidationError:
        reason = f"{allowed}; it is neither"
    except errors.GatedRepoError:
        reason = f"{allowed} that is public or that your login may access"
    except errors.RepositoryNotFoundError:
        reason = f"{allowed}; the hub has no such model"
    except errors.RevisionNotFoundError:
        reason = f"the hub has no revision {revision!r} of this model"
    except Exception as error:  # the network raises many classes
        reason = f"{allowed}; there is no such folder, and the hub failed ({_first_line(error)})"
    else:
        return Checkpoint(key, name, Path(fetched))
    raise InputError(f"{key} = {name!r}: {reason}")


def check_weights(checkpoint: Checkpoint, sha256: str) -> None:
    """Check that the checkpoint has the weights that a run was fitted for.

    Raises:
        InputError: if their hash is not `sha256`.
    """
    if checkpoint.weights_sha256() != sha256:
        raise checkpoint.refuse(
            "must contain the weights that this run was fitted for; they changed"
        )


def checkpoint_hashes(fitted: FittedState) -> dict[str, str]:
    """Return the weight hashes of the checkpoints in a run's fitted state, by setting."""
    hashes = {}
    for part in ("embedder", "encoder"):
        text = fitted.part(part).texts.get("checkpoint")
        if text is not None:
            hashes[f"{part}.name"] = json.loads(text)["sha256"]
    return hashes


def build_body(settings: dict[str, Any]) -> tuple[nn.Module, int]:
    """Return a model with random weights that takes embeddings, and their dimension."""
    config = _hf_config(settings)
    model = _architecture(settings).from_config(
        config, dtype=torch.float32, trust_remote_code=False
    )
    dim = model.get_input_embeddings().weight.shape[1]
    return remove_ends(model), int(dim)


def remove_ends(model: Any) -> nn.Module:
    """Remove the embedding table and the pooler of `model`, in place."""
    model.set_input_embeddings(nn.Identity())
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model


def _hf_config(settings: dict[str, Any]) -> Any:
    library = importlib.import_module("transformers")
    return library.CONFIG_MAPPING[settings["model_type"]].from_dict(settings)


def _architecture(settings: dict[str, Any]) -> Any:
    library = importlib.import_module("transformers")
    with_decoder = _hf_config(settings).is_encoder_decoder
    return library.AutoModelForTextEncoding if with_decoder else library.AutoModel


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
