"""Settings of the groups `training` and `optimizer`."""

from __future__ import annotations

from typing import Any

from vitrina.errors import require
from vitrina.registry import Settings, register, setting

GPU_TOKENS = 32
"""Factor of `max_tokens` on a GPU, which a few thousand tokens do not saturate. On a CPU the tokens
should fit into the cache."""
METRICS = ("accuracy", "f1", "macro_f1", "micro_f1", "roc_auc", "average_precision")


@register("training", "supervised", "vitrina.training.loop:Training")
class TrainingConfig(Settings):
    """Duration, batches, schedule and validation of a training."""

    epochs: float = setting(8.0, gt=0)
    """Passes over the training texts; may be fractional."""
    steps: int | None = setting(None, ge=1)
    """Optimizer steps; if set, `epochs` is ignored."""
    batch_size: int = setting(64, ge=1)
    """Texts per optimizer step."""
    max_tokens: int = setting(16384, ge=1)
    """Tokens (slices, glyphs, word pieces) that pass through the model at once. Larger batches are
    split and their gradients accumulated, which bounds memory. On a GPU it is 32 times this
    number."""
    bucket_batches: int = setting(50, ge=1)
    """Batches whose texts are sorted by length together; 1: random batches."""
    precision: str = setting("auto", choices=("auto", "fp32", "bf16"))
    """auto (bf16 where the hardware benefits), fp32 or bf16."""
    compile: bool = False
    """Whether torch.compile compiles the parts of the model that benefit. Useful for long trainings
    on a GPU; the first steps take a minute longer."""
    warmup: float = setting(0.1, ge=0, lt=1)
    """Share of the steps with a rising learning rate; then it falls along a half cosine."""
    min_lr_ratio: float = setting(0.0, ge=0, le=1)
    """Final learning rate, as a share of the peak."""
    clip_norm: float | None = setting(1.0, gt=0)
    """Maximum norm of the gradient; null: no clipping."""
    validate_every: float = setting(1.0, gt=0)
    """Epochs between two validations."""
    metric: str = "roc_auc"
    """Score that chooses the best checkpoint, as the mean over clean and noisy validation texts:
    accuracy, f1, macro_f1, micro_f1, roc_auc, average_precision or one of task.metrics. Ignored
    with task=pretraining."""
    patience: int | None = setting(None, ge=1)
    """Validations without a better score after which training stops; null: never."""
    checkpoint_seconds: float = setting(60.0, ge=0)
    """Seconds between checkpoints to resume from; each validation also writes one."""
    log_every: int = setting(10, ge=1)
    """Steps between rows of the history."""
    consistency: float = setting(0.0, ge=0)
    """Weight of the divergence between the predictions for two views of a text, added to the mean
    of their losses; 0: one view. Two views double the cost of a step."""
    consistency_from: str = setting("clean", choices=("clean", "noisy"))
    """Second view of a text, after the noisy one: clean, or noisy (perturbed again)."""

    def tokens_at_once(self, device_type: str) -> int:
        """Return the tokens that pass through the model at once on a device, cpu or cuda."""
        return self.max_tokens * (GPU_TOKENS if device_type == "cuda" else 1)

    @property
    def second_view(self) -> str | None:
        """Second view of each text: clean, noisy, or None."""
        return self.consistency_from if self.consistency > 0 else None

    @property
    def num_views(self) -> int:
        """Number of views of each text in a step."""
        return 1 if self.second_view is None else 2

    def check_with(self, config: Any) -> None:
        known = (*METRICS, *config.task.further_metrics)
        require(self.metric in known, "training.metric", self.metric, f"one of {', '.join(known)}")
        if self.consistency == 0:
            return
        allowed = f"0 with task={config.task.kind}, which cannot compare two views of a text"
        require(config.task.compares_views, "training.consistency", self.consistency, allowed)
        drawn = self.consistency_from == "clean" or config.noise.resample_each_epoch
        allowed = "clean with noise.resample_each_epoch=false, which gives one noisy view of a text"
        require(drawn, "training.consistency_from", self.consistency_from, allowed)


class OptimizerConfig(Settings):
    """Base class of the settings of optimizers. A target returns a list of torch's optimizers."""

    learning_rate: float = setting(gt=0)
    """Peak learning rate."""
    weight_decay: float = setting(0.01, ge=0)
    """Decay of weight matrices; biases and normalization parameters have none."""


@register("optimizer", "adamw", "vitrina.training.optimizers:build_adamw")
class AdamWConfig(OptimizerConfig):
    """AdamW (Loshchilov and Hutter 2019)."""

    learning_rate: float = setting(2e-3, gt=0)
    """Peak learning rate."""
    beta1: float = setting(0.9, ge=0, lt=1)
    """Decay rate of the mean of the gradients."""
    beta2: float = setting(0.98, ge=0, lt=1)
    """Decay rate of the mean of the squared gradients."""
