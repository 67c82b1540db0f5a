"""Replaces texts by the output of the CTC head of another run."""

from __future__ import annotations

from vitrina.errors import InputError
from vitrina.normalizers.build import OpenRun
from vitrina.normalizers.config import RecognizerNormalizerConfig
from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap


class RecognizerNormalizer:
    """Recognizes each text with the best model of a run.

    Args:
        settings: settings with the folder of the run.
        open_run: opens that folder.

    Raises:
        InputError: if the folder does not contain a finished run with ocr=ctc.
    """

    def __init__(self, settings: RecognizerNormalizerConfig, open_run: OpenRun) -> None:
        assert settings.run is not None
        try:
            self._recognizer = open_run(settings.run)
        except InputError as error:
            key = f"normalizer.run = {settings.run!r}"
            raise InputError(f"{key}: must be the folder of a run with ocr=ctc ({error})") from None

    def __call__(self, texts: TextBatch) -> TextBatch:
        return self._recognizer(texts)

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        return self._recognizer.with_offsets(text)
