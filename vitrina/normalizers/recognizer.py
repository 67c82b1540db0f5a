"""What a visual model reads, as the input of another model: reading undoes the disguise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vitrina.errors import InputError
from vitrina.normalizers.config import RecognizerNormalizerConfig
from vitrina.runs.provenance import require_same_weights, weights_hash
from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap

HASH = "normalizer.run"
"""Name of the reader's identity among the hashes of a run's record."""


class RecognizerNormalizer:
    """A run's best model reads each text.

    Args:
        config: the option's values.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        InputError: if the folder is not that of a finished training with ocr=ctc.
    """

    def __init__(self, config: RecognizerNormalizerConfig, device: str = "auto") -> None:
        from vitrina.inference.load import load  # which itself builds normalisers

        assert config.run is not None
        try:
            self._reader = load(config.run, device).reader
        except InputError as error:
            key = f"normalizer.run = {config.run!r}"
            raise InputError(f"{key}: must be the folder of a run with ocr=ctc ({error})") from None

    def __call__(self, texts: TextBatch) -> TextBatch:
        return self._reader(texts)

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        return self._reader.with_offsets(text)


def reader_hashes(config: Any) -> dict[str, str]:
    """sha256 of the weights that read, for the record of a run; nothing for other normalisers."""
    if not isinstance(config, RecognizerNormalizerConfig):
        return {}
    assert config.run is not None
    return {HASH: weights_hash(config.run)}


def require_same_reader(config: Any, recorded: Mapping[str, str]) -> None:
    """Whether a run's reader is still the one that the run began with.

    Args:
        config: the run's normaliser.
        recorded: the hashes in the run's record.

    Raises:
        InputError: if it has other weights.
    """
    if isinstance(config, RecognizerNormalizerConfig):
        assert config.run is not None
        require_same_weights(HASH, config.run, recorded, "this run was trained behind")
