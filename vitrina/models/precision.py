"""Which device and which precision a run uses."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

import torch

from vitrina.errors import InputError


def choose_device(name: str) -> torch.device:
    """The device that `name` (auto, cpu, cuda, cuda:N) stands for.

    Raises:
        InputError: if there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:  # of the processes that torchrun started
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise InputError(f"device = {name!r}: must be auto, cpu or one of {count} CUDA devices")
    return device


def bf16_pays(device: torch.device) -> bool:
    """Whether bf16 is faster than fp32: on GPUs that have it, and on CPUs that multiply it.

    CPUs do so in AMX tiles or with the AVX-512 instructions for bf16 (twice the products of fp32);
    all others compute bf16 products more slowly than fp32 ones.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def dtype_of(precision: str, device: torch.device) -> torch.dtype:
    """In what matrices are multiplied: `precision` is auto, fp32 or bf16."""
    use_bf16 = precision == "bf16" or (precision == "auto" and bf16_pays(device))
    return torch.bfloat16 if use_bf16 else torch.float32


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a model runs: `precision` is auto, fp32 or bf16."""
    dtype = dtype_of(precision, device)
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype=dtype)
