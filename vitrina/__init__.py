"""VITRina: experiments with visual token representations of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["load"]

if TYPE_CHECKING:
    from vitrina.inference.load import load


def __getattr__(name: str) -> Any:
    """Import on first use: `import vitrina` alone loads no torch."""
    if name == "load":
        from vitrina.inference.load import load

        return load
    raise AttributeError(f"module 'vitrina' has no attribute {name!r}")
