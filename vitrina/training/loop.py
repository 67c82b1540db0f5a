"""Training loop in plain torch; all random numbers are functions of the seed and the step.

A resumed training ends with the same numbers as an uninterrupted one: batches and noise are keyed
by (seed, epoch), torch's generators are reseeded at each step, and checkpoints hold the rest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vitrina.errors import InputError
from vitrina.models.model import Model
from vitrina.models.precision import autocast
from vitrina.models.token_batch import TokenBatch, split_by_tokens, split_into
from vitrina.registry import build
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.targets import Targets
from vitrina.tasks.training_source import Batch, TrainingSource
from vitrina.training.callbacks import TrainingCallback
from vitrina.training.checkpoints import (
    TrainState,
    delete_previous,
    latest,
    load_training,
    save_training,
    save_weights,
)
from vitrina.training.config import OptimizerConfig, TrainingConfig
from vitrina.training.consistency import Loss, rows_of_views
from vitrina.training.distributed import DistributedContext
from vitrina.training.history import History, LossWindow
from vitrina.training.interruption import Interrupted, StopSignal
from vitrina.training.optimizers import build_schedules, clip_gradient
from vitrina.training.prefetch import Prefetcher


class Training:
    """Trains a model.

    Args:
        config: duration, batches, schedule and validation.
        optimizer: settings of the group `optimizer`.
        model: model on its device.
        loss: loss of the task (`vitrina.training.consistency.training_loss`).
        texts: source of the batches.
        validate: returns validation scores by name; `score` is maximized.
        folder: the run's folder.
        seed: seed of batches and dropout.
        processes: the distributed context; None: a single process.
        reading: task of the CTC head, whose loss is added; None without one.

    Attributes:
        waiting_seconds: time that `run` waited for batches.
        notes: problems with checkpoints, a line each.
    """

    def __init__(
        self,
        config: TrainingConfig,
        optimizer: OptimizerConfig,
        model: Model,
        loss: Loss,
        texts: TrainingSource,
        validate: Callable[[], dict[str, float]],
        *,
        folder: Path,
        seed: int,
        processes: DistributedContext | None = None,
        reading: Recognition | None = None,
    ) -> None:
        self.config, self.model, self.loss, self.texts = config, model, loss, texts
        self.processes, self.reading = processes or DistributedContext(), reading
        self.validate, self.folder, self.seed = validate, folder, seed
        self.callbacks: tuple[TrainingCallback, ...] = ()
        self.device = model.device
        self.max_tokens = config.tokens_at_once(self.device.type)
        self.max_rate = optimizer.learning_rate
        self.optimizers = build("optimizer", optimizer, model)
        self.steps_per_epoch = len(self.epoch_batches(0))
        self.num_steps = config.steps or max(1, round(config.epochs * self.steps_per_epoch))
        self.validation_steps = max(1, round(config.validate_every * self.steps_per_epoch))
        self.state = TrainState()
        self.waiting_seconds = 0.0
        self.notes: list[str] = []
        self._epoch: tuple[int, list[np.ndarray]] = (-1, [])
        self.last = folder / "checkpoints" / "last.safetensors"
        self.best = folder / "checkpoints" / "best.safetensors"
        self.history = History(folder / "history.jsonl")

    def resume(self) -> bool:
        """Load the last valid checkpoint; return whether there is one.

        Raises:
            InputError: if checkpoints exist but none is valid.
        """
        found = latest(self.last)
        for number, path in enumerate(found):
            try:
                self.state = load_training(path, self.model, self.optimizers)
                break
            except InputError as error:
                self.notes.append(str(error))
                if number + 1 == len(found):
                    raise InputError(self.notes[0]) from None
                self.notes.append(f"resuming from the checkpoint before it, {found[number + 1]}")
        self.texts.use_mined(self.state.mined)
        if self.processes.is_first:
            self.history.truncate(self.state.step)
        return bool(found)

    def run(self, *callbacks: TrainingCallback) -> TrainState:
        """Train to the end.

        Raises:
            Interrupted: after Ctrl-C or SIGTERM, when the state is saved.
        """
        self.callbacks = callbacks
        state = self.state
        window = LossWindow(self.device, state, reads=self.reading is not None)
        schedules = build_schedules(self.config, self.optimizers, self.num_steps, state.step)
        self.model.train()
        last_save = time.monotonic()
        ahead = Prefetcher(self._batch_of_step, in_background=self.device.type == "cuda")
        with StopSignal() as stop, ahead:
            while state.step < self.num_steps and not state.stopped_early:
                started = time.perf_counter()
                following = state.step + 1
                if self._begins_by_mining(state.step):
                    self._mine()
                waits = following == self.num_steps or self._begins_by_mining(following)
                batch = ahead.take(state.step, None if waits else following)
                rate = float(schedules[0].get_last_lr()[0])
                means = self.step(batch)
                for schedule in schedules:
                    schedule.step()
                window.add(means)
                state.step = following
                state.num_texts += batch.num_texts
                ended = state.step == self.num_steps
                if state.step % self.config.log_every == 0 or ended:
                    self._log(window, rate)
                state.seconds += time.perf_counter() - started
                for callback in callbacks:
                    callback.step(state, means[0], rate)
                if state.step % self.validation_steps == 0 or ended:
                    ahead.wait()
                    self._require_finite(window.sums[0].item())
                    self._validate()
                    last_save = self._save(window)
                elif time.monotonic() - last_save >= self.config.checkpoint_seconds:
                    last_save = self._save(window)
                if self._must_stop(stop, ended):
                    self._save(window)
                    raise Interrupted
        self.waiting_seconds = ahead.seconds
        if self.processes.is_first:
            delete_previous(self.last)
        return state

    def _batch_of_step(self, step: int) -> Batch:
        epoch = step // self.steps_per_epoch
        if epoch != self._epoch[0]:
            self._epoch = epoch, self.epoch_batches(epoch)
        return self.prepare(self._epoch[1][step % self.steps_per_epoch], epoch)

    def _begins_by_mining(self, step: int) -> bool:
        """Whether the texts of this step's epoch depend on the model as it is before the step."""
        return self.texts.mine is not None and step > 0 and step % self.steps_per_epoch == 0

    def _mine(self) -> None:
        assert self.texts.mine is not None
        epoch = self.state.step // self.steps_per_epoch
        found = self.texts.mine(epoch) if self.processes.is_first else []
        self.state.mined = self.processes.broadcast(found)
        self.texts.use_mined(self.state.mined)

    def epoch_batches(self, epoch: int) -> list[np.ndarray]:
        """Return the batches of an epoch, as indices of texts."""
        size, buckets = self.config.batch_size, self.config.bucket_batches
        lengths = self.texts.lengths(epoch)
        return epoch_batches(lengths, size, buckets, seed=self.seed, epoch=epoch)

    def prepare(self, indices: np.ndarray, epoch: int) -> Batch:
        """Return this process's share of the texts at `indices`, with the noise of `epoch`."""
        mine, weight = self.processes.shard(indices)
        inputs, targets = self.texts.batch(mine, epoch)
        return Batch(inputs, targets, len(indices), weight)

    def step(self, batch: Batch) -> Tensor:
        """Take one optimizer step.

        Returns:
            Means over the texts, on the device, float32 [1 or 3]: the loss; with a CTC head also
            the CTC loss, and the share of texts with fewer frames than their target requires.
        """
        torch.manual_seed(_key(self.seed, self.state.step, self.processes.rank))
        inputs, targets = batch.inputs, batch.targets
        totals = torch.zeros(1 if self.reading is None else 3, device=self.device)
        views = self.config.num_views
        tokens_of_text = inputs.num_tokens.reshape(views, -1).sum(axis=0)
        for part in self._parts(tokens_of_text):
            some, theirs = inputs, targets
            if len(part) < len(tokens_of_text):
                rows = rows_of_views(part, len(tokens_of_text), views)
                some, theirs = inputs.take(rows), targets.take(rows)
            with autocast(self.config.precision, self.device):
                sums = self._sums(some.to(self.device), theirs)
            means = sums * (batch.weight / batch.num_texts)
            means[0].backward()
            totals += means.detach()
        self.processes.all_reduce_gradients(self.model, totals)
        clip_gradient(self.model, self.config.clip_norm)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return totals

    def _parts(self, num_tokens: np.ndarray) -> list[np.ndarray]:
        """Split this process's share into parts that pass through the model in turn.

        All views of a text are in one part. All processes have the same number of parts, because
        normalization layers sum over the processes.
        """
        parts = list(split_by_tokens(num_tokens, self.max_tokens))
        if self.processes.count == 1:
            return parts
        num_parts, num_texts = zip(
            *self.processes.gather((len(parts), len(num_tokens))), strict=True
        )
        return list(split_into(num_tokens, min(max(num_parts), *num_texts)))

    def _sums(self, inputs: TokenBatch, targets: Targets) -> Tensor:
        """Compute the values of `step`, summed over the texts of a part."""
        if self.reading is None:
            return self.loss(self.model(inputs), targets).unsqueeze(0)
        assert targets.readings is not None
        output, logits = self.model.forward_and_recognize(inputs)
        read, infeasible = self.reading.loss(logits, targets.readings)
        read, infeasible = read / self.config.num_views, infeasible / self.config.num_views
        return torch.stack([self.loss(output, targets) + read, read, infeasible])

    def _log(self, window: LossWindow, rate: float) -> None:
        row = {
            "step": self.state.step,
            "epoch": round(self.state.step / self.steps_per_epoch, 4),
            **window.take(),
            "learning_rate": rate,
        }
        self._require_finite(row["loss"])
        self._write_history(row)

    def _require_finite(self, loss: float) -> None:
        """
        Raises:
            InputError: if the training has diverged.
        """
        if not math.isfinite(loss):
            raise InputError(
                f"training: the loss is {loss} at step {self.state.step}; a lower "
                f"optimizer.learning_rate (it is {self.max_rate:g}), a longer "
                "training.warmup or training.precision=fp32 may help"
            )

    def _validate(self) -> None:
        """Validate the model; save its weights if they are the best so far."""
        state = self.state
        scores = self.processes.broadcast(self.validate() if self.processes.is_first else {})
        gained = state.best_score is None or scores["score"] > state.best_score
        if gained:
            state.best_score, state.best_step = scores["score"], state.step
            state.without_gain = 0
            if self.processes.is_first:
                save_weights(self.best, self.model)
        else:
            state.without_gain += 1
        patience = self.config.patience
        state.stopped_early = patience is not None and state.without_gain >= patience
        state.validations.append({"step": state.step, **scores})
        self._write_history({"step": state.step, "val": scores, "best": gained})

    def _write_history(self, row: dict[str, Any]) -> None:
        if self.processes.is_first:
            self.history.write(row)
        for callback in self.callbacks:
            callback.log(row)

    def _save(self, window: LossWindow) -> float:
        window.store(self.state)
        if self.processes.is_first:
            save_training(self.last, self.model, self.optimizers, self.state)
        return time.monotonic()

    def _must_stop(self, stop: StopSignal, ended: bool) -> bool:
        """Whether any process received a signal; several processes check only at logged steps."""
        if self.processes.count == 1:
            return stop.requested
        if self.state.step % self.config.log_every and not ended:
            return False
        return any(self.processes.gather(stop.requested))


def _key(seed: int, step: int, rank: int) -> int:
    """Return a seed for torch's generators that differs for every (seed, step, rank)."""
    sequence = np.random.SeedSequence([seed, step, rank] if rank else [seed, step])
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)


def epoch_batches(
    lengths: np.ndarray, batch_size: int, bucket_batches: int, *, seed: int, epoch: int
) -> list[np.ndarray]:
    """Return shuffled batches of texts of similar length, for one pass over the texts.

    The texts are shuffled, sorted by length within pools of `bucket_batches` batches, split into
    batches, and the batches are shuffled.

    Args:
        lengths: int64 [num_texts], any measure of length.
        batch_size: texts in a batch; only the last batch of the last pool may have fewer.

    Returns:
        int64 arrays of indices, each text once.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    pool_size = batch_size * bucket_batches
    batches = []
    for start in range(0, len(order), pool_size):
        pool = order[start : start + pool_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]
