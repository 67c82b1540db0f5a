"""Options of the groups `training` and `optimizer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vitrina.errors import require

SCHEDULES = ("one_cycle", "cosine", "linear", "constant")
SECOND_VIEWS = ("clean", "noisy")
PRECISIONS = ("auto", "fp32", "bf16")
GPU_TOKENS = 32
"""How many times as many tokens as on a CPU pass through a model at once on a GPU, which a few
thousand leave idle; a CPU wants them to stay in its cache."""
METRICS = ("accuracy", "f1", "macro_f1", "micro_f1", "roc_auc", "average_precision")


@dataclass(kw_only=True)
class TrainingConfig:
    """How long and how a model is trained."""

    kind: str
    """supervised"""
    epochs: float
    """Passes over the training texts; need not be whole."""
    steps: int | None
    """Optimizer steps; when set, counts instead of the epochs."""
    batch_size: int
    """Texts in an optimizer step."""
    max_tokens: int
    """Tokens (slices, glyphs, word pieces) that pass through the model at once. A batch with more
    is split and its gradients are added up, so that memory follows this number and not the worst
    batch. On a GPU it is 32 times this number."""
    bucket_batches: int
    """Batches whose texts are sorted by length together; 1 leaves every batch at random."""
    precision: str
    """auto (bf16 where the hardware gains by it), fp32 or bf16."""
    compile: bool
    """Whether torch.compile works on the parts of the model that gain by it. It pays in long
    trainings on a GPU; the first steps take a minute longer."""
    schedule: str
    """one_cycle, cosine, linear or constant: how the learning rate falls after the warm-up."""
    warmup: float
    """Share of the steps in which the learning rate rises."""
    final_rate: float
    """Share of the learning rate that is left at the last step."""
    clip_norm: float | None
    """Largest norm of the gradient; null leaves it alone."""
    validate_every: float
    """Epochs between two validations."""
    metric: str
    """Validation score by which the best checkpoint is chosen: its mean over clean and noisy
    validation texts. With task=pretraining what is lost decides, whatever stands here."""
    patience: int | None
    """Validations without a better score after which training stops; null never stops early."""
    checkpoint_seconds: float
    """Seconds between two checkpoints to resume from; one is written at each validation too."""
    log_every: int
    """Steps between two lines of the history."""
    consistency: float
    """Weight of the divergence between what is said of two views of a text, added to the mean of
    their losses; with 0 each text is seen once. It doubles what a step costs."""
    consistency_from: str
    """The second view of a text beside the noisy one: clean, or noisy (drawn a second time)."""

    def __post_init__(self) -> None:
        def check(name: str, condition: bool, allowed: str) -> None:
            require(condition, f"training.{name}", getattr(self, name), allowed)

        check("epochs", self.epochs > 0, "above 0")
        check("steps", self.steps is None or self.steps >= 1, "at least 1, or null")
        for name in ("batch_size", "max_tokens", "bucket_batches", "log_every"):
            check(name, getattr(self, name) >= 1, "at least 1")
        check("precision", self.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)}")
        check("schedule", self.schedule in SCHEDULES, f"one of {', '.join(SCHEDULES)}")
        check("warmup", 0 <= self.warmup < 1, "from 0 to below 1")
        check("final_rate", 0 <= self.final_rate <= 1, "from 0 to 1")
        check("clip_norm", self.clip_norm is None or self.clip_norm > 0, "above 0, or null")
        check("validate_every", self.validate_every > 0, "above 0")
        check("metric", self.metric in METRICS, f"one of {', '.join(METRICS)}")
        check("patience", self.patience is None or self.patience >= 1, "at least 1, or null")
        check("checkpoint_seconds", self.checkpoint_seconds >= 0, "at least 0")
        check("consistency", self.consistency >= 0, "at least 0")
        known = self.consistency_from in SECOND_VIEWS
        check("consistency_from", known, f"one of {', '.join(SECOND_VIEWS)}")

    def tokens_at_once(self, device_type: str) -> int:
        """Tokens that pass through the model at once on a device: cpu or cuda."""
        return self.max_tokens * (GPU_TOKENS if device_type == "cuda" else 1)

    @property
    def second_view(self) -> str | None:
        """One of `SECOND_VIEWS`; None where a step sees each text once."""
        return self.consistency_from if self.consistency > 0 else None

    @property
    def num_views(self) -> int:
        """How many views of each text a step sees."""
        return 1 if self.second_view is None else 2

    def check_others(self, task: Any, noise: Any) -> None:
        """
        Raises:
            InputError: if a setting has no meaning with this task or with this noise.
        """
        if self.consistency > 0:
            kinds = ("classification", "multilabel")
            allowed = f"0 with task={task.kind}; two views are compared with task={kinds[0]} or "
            known = task.kind in kinds
            require(known, "training.consistency", self.consistency, allowed + kinds[1])
            drawn = self.consistency_from == "clean" or noise.resample_each_epoch
            allowed = (
                "clean with noise.resample_each_epoch=false, which draws the noise of a text only "
                "once"
            )
            require(drawn, "training.consistency_from", self.consistency_from, allowed)


@dataclass(kw_only=True)
class AdamWConfig:
    """AdamW (Loshchilov and Hutter 2019)."""

    kind: str
    """adamw"""
    learning_rate: float
    """Largest learning rate of the schedule."""
    beta1: float
    """Decay of the mean of the gradients."""
    beta2: float
    """Decay of the mean of their squares."""
    weight_decay: float
    """Decay of the weight matrices; biases and normalisations are spared."""

    def __post_init__(self) -> None:
        require(self.learning_rate > 0, "optimizer.learning_rate", self.learning_rate, "above 0")
        require(self.weight_decay >= 0, "optimizer.weight_decay", self.weight_decay, "at least 0")
        for name in ("beta1", "beta2"):
            value = getattr(self, name)
            require(0 <= value < 1, f"optimizer.{name}", value, "from 0 to below 1")


OPTIONS: dict[str, type] = {"supervised": TrainingConfig}
OPTIMIZERS: dict[str, type] = {"adamw": AdamWConfig}
