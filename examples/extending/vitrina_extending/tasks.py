"""A task with its own loss and metric."""

from torch import Tensor, as_tensor
from torch.nn.functional import multi_margin_loss

from vitrina.tasks.classification import ClassificationTask
from vitrina.tasks.metrics import Predictions
from vitrina.tasks.targets import Targets
from vitrina_extending.config import MarginConfig


class MarginTask(ClassificationTask):
    """One class per text, trained with a hinge loss."""

    config: MarginConfig

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        labels = as_tensor(targets.labels, device=output.device)
        return multi_margin_loss(output, labels, margin=self.config.margin, reduction="sum")


def specificity(predictions: Predictions) -> float:
    """Return the share of texts without the reported label that are predicted without it."""
    label = predictions.reported[0]
    benign = ~predictions.occurs[:, label]
    return float((~predictions.chosen[benign, label]).mean()) if benign.any() else float("nan")
