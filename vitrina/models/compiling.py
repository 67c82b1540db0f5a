"""Compiles the parts of a model that gain from torch.compile.

These are attention layers and parts whose input is a plain tensor with one dynamic dimension, the
number of tokens or slices. They are traced once, not for every batch. The ragged bookkeeping stays
eager. The first steps take a minute longer.
"""

from __future__ import annotations

from torch import nn

from vitrina.errors import InputError
from vitrina.models.embedders.slices import ResidualBlock
from vitrina.models.encoders.transformer import Layer
from vitrina.models.layers.normalization import NormReLU

PARTS = (ResidualBlock, NormReLU, Layer)


def compile_parts(model: nn.Module, backend: str = "inductor") -> list[nn.Module]:
    """Compile parts of `model` in place and return them; names and weights do not change.

    Raises:
        InputError: if the model has no such part, or on a CPU without a C++ compiler.
    """
    parts: list[nn.Module] = [module for module in model.modules() if isinstance(module, PARTS)]
    if not parts:
        raise InputError(
            "training.compile = True: must be False for a model without convolutions and attention"
        )
    if backend == "inductor" and next(model.parameters()).device.type == "cpu":
        _require_compiler()
    for part in parts:
        part.compile(dynamic=True, backend=backend)
    return parts


def _require_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler

    try:
        get_cpp_compiler()
    except Exception as error:  # torch does not export its class
        raise InputError(
            "training.compile = True: on a CPU this needs a C++ compiler (g++ or the one in CXX); "
            "none was found"
        ) from error
