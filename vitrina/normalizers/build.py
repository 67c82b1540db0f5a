"""From the `normalizer` option to the normaliser."""

from __future__ import annotations

from vitrina.normalizers.base import NoNormalizer, Normalizer
from vitrina.normalizers.config import (
    ConfusablesNormalizerConfig,
    NoNormalizerConfig,
    RecognizerNormalizerConfig,
    RulesNormalizerConfig,
)


def build_normalizer(
    config: NoNormalizerConfig
    | ConfusablesNormalizerConfig
    | RulesNormalizerConfig
    | RecognizerNormalizerConfig,
    device: str = "auto",
) -> Normalizer:
    """The normaliser of a `normalizer` option; one that is a model works on `device`.

    Raises:
        InputError: if a lexicon, glyph clusters or a run are needed and cannot be read.
    """
    if isinstance(config, ConfusablesNormalizerConfig):
        from vitrina.normalizers.confusables import ConfusablesNormalizer

        return ConfusablesNormalizer()
    if isinstance(config, RulesNormalizerConfig):
        from vitrina.normalizers.rules import RulesNormalizer

        return RulesNormalizer(config)
    if isinstance(config, RecognizerNormalizerConfig):
        from vitrina.normalizers.recognizer import RecognizerNormalizer

        return RecognizerNormalizer(config, device)
    assert isinstance(config, NoNormalizerConfig), config
    return NoNormalizer()
