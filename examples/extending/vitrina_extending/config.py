"""Registers the components. Imports neither torch nor their implementations."""

from vitrina.data.config import FileDatasetConfig
from vitrina.models.embedders.config import EmbedderConfig
from vitrina.models.encoders.config import EncoderConfig
from vitrina.models.heads.config import HeadConfig
from vitrina.registry import add_config_folder, register, register_target, setting
from vitrina.tasks.config import ClassificationConfig

add_config_folder("vitrina_extending")  # conf: a preset and an experiment
register_target("noise_family", "backwards", "vitrina_extending.noise:backwards")
register_target("metric", "specificity", "vitrina_extending.tasks:specificity")


@register("embedder", "hashed_words", "vitrina_extending.models:HashedWordsEmbedder")
class HashedWordsConfig(EmbedderConfig):
    """Embedding table of words, indexed by hash."""

    num_rows: int = setting(10_000, ge=1)
    """Rows of the table."""
    dim: int = setting(64, ge=1)
    """Dimension of a token embedding."""


@register("encoder", "gated", "vitrina_extending.models:GatedEncoder")
class GatedConfig(EncoderConfig):
    """Elementwise gate on each token embedding."""


@register("head", "max", "vitrina_extending.models:MaxHead")
class MaxHeadConfig(HeadConfig):
    """Maximum of the logits over tokens."""


@register("dataset", "marked", "vitrina_extending.data:read_marked")
class MarkedConfig(FileDatasetConfig):
    """Lines that start with + (toxic) or - (benign)."""

    endings = (".marked",)


@register("task", "margin", "vitrina_extending.tasks:MarginTask")
class MarginConfig(ClassificationConfig):
    """One class per text, trained with a hinge loss."""

    margin: float = setting(1.0, gt=0)
    """Difference of logits above which the loss is 0."""
    metrics: list[str] = setting(["specificity"], unique=True)
    """Additional metrics, of plugins."""
    head: str = "max"
    """Head of the model."""
