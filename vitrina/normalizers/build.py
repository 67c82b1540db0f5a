"""Builds the normalizer of a configuration."""

from __future__ import annotations

from collections.abc import Callable

from vitrina import registry
from vitrina.normalizers.base import Normalizer
from vitrina.registry import Settings

OpenRun = Callable[[str], Normalizer]
"""Opens the folder of a run and returns the recognizer of its model."""


def build_normalizer(settings: Settings, open_run: OpenRun | None = None) -> Normalizer:
    """Build the normalizer that `settings` choose.

    Args:
        settings: settings of the group `normalizer`.
        open_run: required for settings that use other runs (`Settings.runs_used`).

    Raises:
        InputError: if a required lexicon, file of glyph clusters or run is unreadable.
    """
    if not settings.runs_used():
        return registry.build("normalizer", settings)
    assert open_run is not None, f"normalizer={settings.kind} opens a run"
    return registry.build("normalizer", settings, open_run)
