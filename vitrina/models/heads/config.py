"""Settings of the group `head`: hidden states to the output of a task."""

from __future__ import annotations

from typing import ClassVar

from vitrina.registry import Settings, register


class HeadConfig(Settings):
    """Base class of heads. The task holds their settings and passes them to the target.

    The target for texts or words is an `nn.Module` class. Its arguments are the dimension of a
    hidden state, the number of labels and the dropout. Its `forward` maps `Ragged` hidden states to
    logits, float32.
    """

    outputs: ClassVar[str] = "texts"
    """Unit of an output row: texts, words, pixels or symbols."""


@register("head", "linear", "vitrina.models.heads.classification:ClassificationHead")
class LinearHeadConfig(HeadConfig):
    """Maximum and mean over the hidden states of a text, one linear layer."""


@register("head", "words", "vitrina.models.heads.classification:WordHead")
class WordHeadConfig(HeadConfig):
    """One linear layer over the hidden state of each word."""

    outputs: ClassVar[str] = "words"


@register("head", "pixels", "vitrina.models.heads.pixels:PixelHead")
class PixelHeadConfig(HeadConfig):
    """One linear layer from a hidden state to the pixels of its tokens."""

    outputs: ClassVar[str] = "pixels"


@register("head", "ctc", "vitrina.models.heads.ctc:CtcHead")
class CtcHeadConfig(HeadConfig):
    """Convolutions and a linear layer to several symbols for each token."""

    outputs: ClassVar[str] = "symbols"
