"""Chooses the device and the precision of a run."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

import torch

from vitrina.errors import InputError


def choose_device(name: str) -> torch.device:
    """Return the device for `name`: auto, cpu, cuda or cuda:N.

    Raises:
        InputError: if the device does not exist.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:  # set by torchrun
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise InputError(f"device = {name!r}: must be auto, cpu or one of {count} CUDA devices")
    return device


def bf16_pays(device: torch.device) -> bool:
    """Return whether bf16 is faster than fp32 on `device`.

    It is on GPUs with native bf16 and on CPUs with AMX tiles or AVX-512 bf16 instructions (twice as
    many products as fp32). Other CPUs compute bf16 products more slowly than fp32 ones.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def dtype_of(precision: str, device: torch.device) -> torch.dtype:
    """Return the dtype of matrix products; `precision` is auto, fp32 or bf16."""
    use_bf16 = precision == "bf16" or (precision == "auto" and bf16_pays(device))
    return torch.bfloat16 if use_bf16 else torch.float32


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the autocast context of a model; `precision` is auto, fp32 or bf16."""
    dtype = dtype_of(precision, device)
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype=dtype)
