"""Distributed data parallel training, in processes started by `torchrun`.

Each process takes its share of every batch and gradients are summed, so K processes train the same
model as one. Only the first process validates, writes files and prints. Without `torchrun` there is
one process and nothing is exchanged. torch's `DistributedDataParallel` is not used, because it sums
gradients after each part of a batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from vitrina.config import rank_in_environment

T = TypeVar("T")


@dataclass(frozen=True)
class DistributedContext:
    """A process of a distributed training.

    Attributes:
        rank: rank of this process, from 0.
        count: number of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process validates, writes files and prints."""
        return self.rank == 0

    def shard(self, indices: np.ndarray) -> tuple[np.ndarray, float]:
        """Return this process's share of a batch of texts sorted by length.

        Texts are assigned in alternating order, longest first, to balance the lengths.

        Returns:
            The indices, and the weight of each text in the sum over the processes. If there are
            fewer texts than processes, each process takes the whole batch.
        """
        if len(indices) < self.count:
            return indices, 1 / self.count
        turn, place = np.divmod(np.arange(len(indices))[::-1], self.count)
        owner = np.where(turn % 2 == 0, place, self.count - 1 - place)
        return indices[owner == self.rank], 1.0

    def all_reduce_gradients(self, model: nn.Module, total: Tensor) -> None:
        """Replace the gradients of `model`, and `total`, by their sums over the processes.

        Sparse gradients are coalesced.
        """
        given = [(p, p.grad) for p in model.parameters() if p.grad is not None]
        self.all_reduce([*(gradient for _, gradient in given if not gradient.is_sparse), total])
        for parameter, gradient in given:
            if gradient.is_sparse:
                parameter.grad = self._all_reduce_sparse(gradient)

    def all_reduce(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over the processes, in one exchange."""
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        sizes = [tensor.numel() for tensor in tensors]
        for tensor, summed in zip(tensors, flat.split(sizes), strict=True):
            tensor.copy_(summed.view_as(tensor))

    def _all_reduce_sparse(self, tensor: Tensor) -> Tensor:
        """Return the sum of a sparse [V, D] over the processes; only its rows are exchanged."""
        tensor = tensor.coalesce()
        if self.count == 1:
            return tensor
        counts = self.gather(tensor.values().shape[0])
        rows = self._join(tensor.indices()[0], counts)
        values = self._join(tensor.values(), counts)
        return torch.sparse_coo_tensor(rows.unsqueeze(0), values, tensor.shape).coalesce()

    def _join(self, mine: Tensor, counts: list[int]) -> Tensor:
        """Concatenate the tensors of all processes by rank; `counts` are their numbers of rows."""
        padded = mine.new_zeros(max(counts), *mine.shape[1:])
        padded[: len(mine)] = mine
        found = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(found, padded)
        return torch.cat([part[:count] for part, count in zip(found, counts, strict=True)])

    def broadcast(self, value: T) -> T:
        """Return the value of the first process."""
        if self.count == 1:
            return value
        values: list[Any] = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def gather(self, value: T) -> list[T]:
        """Return the values of all processes, by rank."""
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, value)
        return found


def count_in_environment() -> int:
    """Return the number of processes that `torchrun` started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def process_group(device: torch.device) -> Iterator[DistributedContext]:
    """Initialize the process group within the context: NCCL on CUDA, else gloo."""
    rank, count = rank_in_environment(), count_in_environment()
    if count == 1:
        yield DistributedContext()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield DistributedContext(rank, count)
    finally:
        dist.destroy_process_group()
