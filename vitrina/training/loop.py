"""The training loop: plain torch, every random number a function of (seed, step).

A resumed training ends with the same numbers as an undisturbed one: batches and noise are keyed by
(seed, epoch), torch's generators are seeded anew for each step, and a checkpoint holds the rest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from vitrina.errors import InputError
from vitrina.models.model import Model
from vitrina.models.precision import autocast
from vitrina.models.token_batch import TokenBatch, split_by_tokens, split_into
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.targets import Targets
from vitrina.tasks.training_source import Batch, TrainingSource
from vitrina.training.batches import epoch_batches
from vitrina.training.checkpoints import (
    TrainState,
    forget_previous,
    latest,
    load_training,
    save_training,
    save_weights,
)
from vitrina.training.config import TrainingConfig
from vitrina.training.consistency import rows_of_views
from vitrina.training.distributed import DistributedContext
from vitrina.training.gradients import add_up_gradients, clip_gradient
from vitrina.training.history import History, LossWindow
from vitrina.training.interruption import Interrupted, StopSignal
from vitrina.training.optimizers import RateSchedule, build_optimizers
from vitrina.training.prefetch import Prefetcher


class Loss(Protocol):
    """A task's loss: output of the model and targets to a sum over the texts."""

    def __call__(self, output: Tensor, targets: Targets, /) -> Tensor: ...


class TrainingCallback(Protocol):
    """Is told how a training goes; neither call may change its numbers."""

    def step(self, position: TrainState, loss: Tensor, rate: float) -> None: ...

    def log(self, row: dict[str, Any]) -> None: ...


class Training:
    """One training of one model.

    Args:
        config: how long and how.
        optimizer: an option of the group `optimizer`.
        model: on its device.
        loss: the task's loss (`vitrina.training.consistency.training_loss`).
        texts: where the batches come from.
        validate: scores of the model as it stands, by name; `score` is the one to maximise.
        folder: the run's folder.
        seed: of batches and dropout.
        processes: those that train together; by default this one alone.
        reading: what the model's reader is asked, where it has one; its loss is added.

    Attributes:
        waiting_seconds: how long `run` waited for batches.
        notes: what was amiss with the checkpoints, a line each.
    """

    def __init__(
        self,
        config: TrainingConfig,
        optimizer: Any,
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
        self.observer: TrainingCallback | None = None
        self.device = model.device
        self.max_tokens = config.tokens_at_once(self.device.type)
        self.optimizers = build_optimizers(optimizer, model)
        self.steps_per_epoch = len(self.epoch_batches(0))
        self.num_steps = config.steps or max(1, round(config.epochs * self.steps_per_epoch))
        self.validation_steps = max(1, round(config.validate_every * self.steps_per_epoch))
        self.schedule = RateSchedule(config, self.optimizers, self.num_steps)
        self.position = TrainState()
        self.waiting_seconds = 0.0
        self.notes: list[str] = []
        self._epoch: tuple[int, list[np.ndarray]] = (-1, [])
        self.last = folder / "checkpoints" / "last.safetensors"
        self.best = folder / "checkpoints" / "best.safetensors"
        self.history = History(folder / "history.jsonl")

    def resume(self) -> bool:
        """Go on from the last checkpoint, if there is one; whether there was.

        Where it is damaged and the one before is not, from that one.

        Raises:
            InputError: if none of them can be used.
        """
        found = latest(self.last)
        for number, path in enumerate(found):
            try:
                self.position = load_training(path, self.model, self.optimizers)
                break
            except InputError as error:
                if number + 1 == len(found):
                    raise self._first_failure(error) from None
                self.notes.append(str(error))
                self.notes.append(f"going on from the checkpoint before it, {found[number + 1]}")
        if self.processes.is_first:
            self.history.forget_after(self.position.step)
        return bool(found)

    def _first_failure(self, last: InputError) -> InputError:
        """What was wrong with the newest checkpoint, where the one before is no better."""
        return InputError(self.notes[0]) if self.notes else last

    def run(self, observer: TrainingCallback | None = None) -> TrainState:
        """Train to the end; `observer` is told of steps and of the history's rows.

        Raises:
            Interrupted: after Ctrl-C or SIGTERM, when everything has been saved.
        """
        self.observer = observer
        position = self.position
        window = LossWindow(self.device, position, reads=self.reading is not None)
        self.model.train()
        last_save = time.monotonic()
        ahead = Prefetcher(self._batch_of_step, in_background=self.device.type == "cuda")
        with StopSignal() as stop, ahead:
            while position.step < self.num_steps and not position.stopped_early:
                started = time.perf_counter()
                following = position.step + 1
                batch = ahead.take(position.step, following if following < self.num_steps else None)
                rate = self.schedule.set(position.step)
                means = self.step(batch)
                window.add(means)
                position.step = following
                position.num_texts += batch.num_texts
                ended = position.step == self.num_steps
                if position.step % self.config.log_every == 0 or ended:
                    self._log(window, rate)
                position.seconds += time.perf_counter() - started
                if observer is not None:
                    observer.step(position, means[0], rate)
                if position.step % self.validation_steps == 0 or ended:
                    ahead.settle()
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
            forget_previous(self.last)
        return position

    def _must_stop(self, stop: StopSignal, ended: bool) -> bool:
        """Whether any process was asked to; several agree on it where a line is logged."""
        if self.processes.count == 1:
            return stop.requested
        if self.position.step % self.config.log_every and not ended:
            return False
        return any(self.processes.gather(stop.requested))

    def _batch_of_step(self, step: int) -> Batch:
        epoch = step // self.steps_per_epoch
        if epoch != self._epoch[0]:
            self._epoch = epoch, self.epoch_batches(epoch)
        return self.prepare(self._epoch[1][step % self.steps_per_epoch], epoch)

    def prepare(self, indices: np.ndarray, epoch: int) -> Batch:
        """This process's share of the texts at `indices`, with the noise of `epoch`."""
        mine, weight = self.processes.shard(indices)
        inputs, targets = self.texts.batch(mine, epoch)
        return Batch(inputs, targets, len(indices), weight)

    def step(self, batch: Batch) -> Tensor:
        """One optimizer step; returns means over the texts, still on the device.

        float32 [1 or 3]: the loss; where the model reads, the share of reading in it, and of how
        many texts the reading could not be said for want of steps.
        """
        torch.manual_seed(_key(self.seed, self.position.step, self.processes.rank))
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
        add_up_gradients(self.model, totals, self.processes)
        clip_gradient(self.model, self.config.clip_norm)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return totals

    def _sums(self, inputs: TokenBatch, targets: Targets) -> Tensor:
        """What `step` returns, added up over the texts of a part."""
        if self.reading is None:
            return self.loss(self.model(inputs), targets).unsqueeze(0)
        assert targets.readings is not None
        output, logits = self.model.forward_and_read(inputs)
        read, infeasible = self.reading.loss(logits, targets.readings)
        read, infeasible = read / self.config.num_views, infeasible / self.config.num_views
        return torch.stack([self.loss(output, targets) + read, read, infeasible])

    def _parts(self, num_tokens: np.ndarray) -> list[np.ndarray]:
        """The parts of this process's share that pass through the model one after the other.

        All views of a text are in one part. All processes make equally many, as normalisation adds
        up over them in each.
        """
        parts = list(split_by_tokens(num_tokens, self.max_tokens))
        if self.processes.count == 1:
            return parts
        num_parts, num_texts = zip(
            *self.processes.gather((len(parts), len(num_tokens))), strict=True
        )
        return list(split_into(num_tokens, min(max(num_parts), *num_texts)))

    def _log(self, window: LossWindow, rate: float) -> None:
        position = self.position
        row = {
            "step": position.step,
            "epoch": round(position.step / self.steps_per_epoch, 4),
            **window.take(),
            "learning_rate": rate,
        }
        self._require_finite(row["loss"])
        self._write_history(row)

    def _require_finite(self, loss: float) -> None:
        """
        Raises:
            InputError: if the training has come apart: nothing that follows would be a number.
        """
        if not math.isfinite(loss):
            raise InputError(
                f"training: the loss is {loss} at step {self.position.step}; a lower "
                f"optimizer.learning_rate (it is {self.schedule.largest[0][0]:g}), a longer "
                "training.warmup or training.precision=fp32 may help"
            )

    def _validate(self) -> None:
        """Validate the model, and keep it if it is the best so far."""
        position = self.position
        scores = self.processes.broadcast(self.validate() if self.processes.is_first else {})
        gained = position.best_score is None or scores["score"] > position.best_score
        if gained:
            position.best_score, position.best_step = scores["score"], position.step
            position.without_gain = 0
            if self.processes.is_first:
                save_weights(self.best, self.model)
        else:
            position.without_gain += 1
        patience = self.config.patience
        position.stopped_early = patience is not None and position.without_gain >= patience
        row = {"step": position.step, "val": scores, "best": gained}
        position.validations.append({"step": position.step, **scores})
        self._write_history(row)

    def _save(self, window: LossWindow) -> float:
        window.store(self.position)
        if self.processes.is_first:
            save_training(self.last, self.model, self.optimizers, self.position)
        return time.monotonic()

    def epoch_batches(self, epoch: int) -> list[np.ndarray]:
        config = self.config
        return epoch_batches(
            self.texts.lengths,
            config.batch_size,
            config.bucket_batches,
            seed=self.seed,
            epoch=epoch,
        )

    def _write_history(self, row: dict[str, Any]) -> None:
        if self.processes.is_first:
            self.history.write(row)
        if self.observer is not None:
            self.observer.log(row)


def _key(seed: int, step: int, rank: int) -> int:
    """A seed for torch's generators that differs for every (seed, step, rank)."""
    sequence = np.random.SeedSequence([seed, step, rank] if rank else [seed, step])
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)
