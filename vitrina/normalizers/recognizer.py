"""What a visual model reads, as the input of another model: reading undoes the disguise."""

from __future__ import annotations

from vitrina.errors import InputError
from vitrina.normalizers.config import RecognizerNormalizerConfig
from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap


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
