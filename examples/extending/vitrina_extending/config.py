"""Registers the components. Imports neither torch nor the components themselves."""

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
    """A row of a table for each word, chosen by its hash."""

    num_rows: int = setting(10_000, ge=1)
    """Rows of the table."""
    dim: int = setting(64, ge=1)
    """Dimension of a token embedding."""


@register("encoder", "gated", "vitrina_extending.models:GatedEncoder")
class GatedConfig(EncoderConfig):
    """A gate on each entry of each token embedding."""


@register("head", "max", "vitrina_extending.models:MaxHead")
class MaxHeadConfig(HeadConfig):
    """Maximum over the logits of the tokens."""


@register("dataset", "marked", "vitrina_extending.data:read_marked")
class MarkedConfig(FileDatasetConfig):
    """Lines that start with + (toxic) or - (benign)."""

    endings = (".marked",)


@register("task", "margin", "vitrina_extending.tasks:MarginTask")
class MarginConfig(ClassificationConfig):
    """One class for each text, trained with a hinge loss."""

    margin: float = setting(1.0, gt=0)
    """Distance of logits beyond which a text has no loss."""
    metrics: list[str] = setting(["specificity"], unique=True)
    """Metrics of plugins that are scored besides VITRina's own."""
    head: str = "max"
    """Head of the model."""
