"""VITRina: experiments with visual token representations of text."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Settings", "load", "register", "register_target", "setting"]

if TYPE_CHECKING:
    from vitrina.inference.load import load
    from vitrina.registry import Settings, register, register_target, setting


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import vitrina` alone does not load torch."""
    if name not in __all__:
        raise AttributeError(f"module 'vitrina' has no attribute {name!r}")
    module = "vitrina.inference.load" if name == "load" else "vitrina.registry"
    return getattr(importlib.import_module(module), name)
