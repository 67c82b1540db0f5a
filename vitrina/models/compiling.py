"""torch.compile for the parts of a model that gain by it.

Only parts whose input is a plain tensor with one dynamic dimension, the number of tokens or
slices, are compiled, or layers around attention: they are traced once and not for every batch.
The ragged bookkeeping around them stays as it is. The first steps take a minute longer.
"""

from __future__ import annotations

from torch import nn

from vitrina.errors import InputError
from vitrina.models.embedders.slices import ResidualBlock
from vitrina.models.encoders.transformer import Layer
from vitrina.models.layers.normalization import NormReLU

PARTS = (ResidualBlock, NormReLU, Layer)


def compile_parts(model: nn.Module, backend: str = "inductor") -> list[nn.Module]:
    """Compile the parts of `model` in place; names and weights stay as they are.

    Returns:
        The parts.

    Raises:
        InputError: if the model has no such part; on a CPU without a C++ compiler.
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
    except Exception as error:  # of a class that torch does not export
        raise InputError(
            "training.compile = True: on a CPU this needs a C++ compiler (g++, or the one that "
            "CXX names), and there is none"
        ) from error
