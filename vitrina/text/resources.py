"""Where the files that come with the project lie."""

from __future__ import annotations

from pathlib import Path


def resource_folder() -> Path:
    """`resources`: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "resources"
    return inside if inside.is_dir() else package.parent / "resources"
