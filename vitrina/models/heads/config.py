"""Heads by name: what makes the outputs of a task of hidden states."""

from __future__ import annotations

from typing import ClassVar

from vitrina.registry import Settings, register


class HeadConfig(Settings):
    """Base class of heads. The task holds their settings and passes them to the target.

    The target of a head of texts or words is an `nn.Module` class, called with the dimension of a
    hidden state, the number of labels and the dropout; its `forward` maps `Ragged` states to
    logits, float32.
    """

    outputs: ClassVar[str] = "texts"
    """What has a row of outputs: texts, words, pixels or symbols."""


@register("head", "linear", "vitrina.models.heads.classification:ClassificationHead")
class LinearHeadConfig(HeadConfig):
    """Maximum and mean over the states of a text, one linear layer."""


@register("head", "words", "vitrina.models.heads.words:WordHead")
class WordHeadConfig(HeadConfig):
    """One linear layer over the state of each word."""

    outputs: ClassVar[str] = "words"


@register("head", "pixels", "vitrina.models.heads.pixels:PixelHead")
class PixelHeadConfig(HeadConfig):
    """One linear layer from a state to the pixels of its tokens."""

    outputs: ClassVar[str] = "pixels"


@register("head", "ctc", "vitrina.models.heads.ctc:CtcHead")
class CtcHeadConfig(HeadConfig):
    """Convolutions and a linear layer to several symbols for each token."""

    outputs: ClassVar[str] = "symbols"
