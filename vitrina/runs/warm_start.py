"""Warm start: selects the weights and fitted state that a new model takes from another run.

Weights depend on fitted state: whitening, word pieces, an alphabet. Weights of an embedder with the
same settings are taken together with its fitted state; with other settings, neither is taken. The
same holds for the CTC head and its alphabet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor, nn

from vitrina import config as configuration
from vitrina.config import Config
from vitrina.errors import InputError, require
from vitrina.models.model import Model
from vitrina.registry import Settings
from vitrina.state import FittedState
from vitrina.tasks.build import build_task
from vitrina.training.checkpoints import read_weights

INNER = "embedder.inner."
"""Prefix of an embedder inside another one, as with task=labeling."""

MOST_NAMED = 5
"""Maximum number of misfitting tensors that the report names per part."""


@dataclass(frozen=True)
class WeightTransfer:
    """Weights that a training takes from another run.

    Attributes:
        taken: tensors by their names in the new model.
        lines: report of the tensors that are taken or not taken, per part.
    """

    taken: dict[str, Tensor]
    lines: list[str]

    def load(self, model: nn.Module) -> None:
        """Copy the tensors into the new model."""
        state = model.state_dict()
        with torch.no_grad():
            for name, tensor in self.taken.items():
                state[name].copy_(tensor)

    def require_whole(self, parts: Sequence[str], model: nn.Module) -> None:
        """Check that all tensors of `parts`, the value of `model.frozen`, are taken.

        Raises:
            InputError: if some are not.
        """
        for part in parts:
            names = [name for name in model.state_dict() if name.startswith(f"{part}.")]
            missing = [name for name in names if name not in self.taken]
            report = "; ".join(line.strip() for line in self.lines if line.startswith(f"  {part}:"))
            allowed = f"parts that are taken whole from model.init_from ({report})"
            require(not missing, "model.frozen", list(parts), allowed)


@dataclass(frozen=True)
class WarmStart:
    """Source run of a warm start.

    Attributes:
        folder: value of `model.init_from`.
        config, state: configuration and fitted state of the source run.
        tensors: its best weights, by name.
    """

    folder: str
    config: Config
    state: FittedState
    tensors: dict[str, Tensor]

    @classmethod
    def of(cls, config: Config) -> WarmStart | None:
        """Read the run that `model.init_from` names; None if it is null.

        Raises:
            InputError: if the folder contains no trained run, or a file in it is damaged.
        """
        given = config.model.init_from
        if given is None:
            return None
        folder = Path(given)
        try:
            return cls(
                given,
                configuration.load(folder / "config.yaml"),
                FittedState.load(folder / "state.safetensors"),
                read_weights(folder / "checkpoints" / "best.safetensors"),
            )
        except InputError as error:
            raise InputError(
                f"model.init_from = {given!r}: must be the folder of a trained run ({error})"
            ) from None

    def fitted(self, config: Config) -> dict[str, FittedState]:
        """Return the fitted state that a run of `config` takes, by part, for `build.fit`."""
        found = {}
        if not self._embedder_differs(config):
            found["embedder"] = self.state.part("embedder")
            if not self._deobfuscator_differs(config):
                found["deobfuscator"] = self.state.part("deobfuscator")
        if not self._ctc_head_differs(config):
            found["ocr"] = self.state.part("ocr")
        return found

    def start(self, config: Config, fitted: FittedState, model: Model) -> WeightTransfer:
        """Select the weights that fit the new `model`, with its configuration and fitted state.

        Raises:
            InputError: if none fits.
        """
        refused = self._refused(config, fitted)
        wanted, source = _by_part(model.state_dict()), _by_part(self.tensors)
        weights = {name for name, _ in model.named_parameters()}
        start, num_taken = WeightTransfer({}, [f"starting from {self.folder}"]), 0
        for part, tensors in wanted.items():
            if part in refused or part not in source:
                start.lines.append(f"  {part}: not taken, {refused.get(part, 'that run has none')}")
                continue
            found, misfits = source[part], []
            taken: dict[str, Tensor] = {}
            for name, (own_name, tensor) in tensors.items():
                if name in found and found[name][1].shape == tensor.shape:
                    taken[own_name] = found[name][1]
                else:
                    misfits.append(_misfit(name, tensor, found))
            start.taken.update(taken)
            count = sum(tensor.numel() for name, tensor in taken.items() if name in weights)
            num_taken += count
            line = f"  {part}: {len(taken)} of {len(tensors)} tensors taken, {count:,} parameters"
            start.lines.append(line + self._with_fitted(part, config) + _named(misfits))
        unused = [f"{part} ({len(source[part])} tensors)" for part in source if part not in wanted]
        if unused:
            start.lines.append(f"  unused: {', '.join(unused)}")
        if not num_taken:
            reasons = "; ".join(line.strip() for line in start.lines[1:])
            raise InputError(
                f"model.init_from = {self.folder!r}: none of its weights fits ({reasons})"
            )
        return start

    def _refused(self, config: Config, fitted: FittedState) -> dict[str, str]:
        """Return the parts whose weights are incompatible, with the reason."""
        refused: dict[str, str] = {}
        parts = (fitted.part("embedder"), self.state.part("embedder"))
        has_state = any(part.arrays or part.texts for part in parts)
        other_kind = config.embedder.kind != self.config.embedder.kind
        if other_kind or has_state:
            refused["embedder"] = self._embedder_differs(config)
            refused["mask"] = refused["embedder"]
        if config.encoder.kind != self.config.encoder.kind:
            refused["encoder"] = f"encoder.kind = {self.config.encoder.kind!r} there"
        refused["ctc_head"] = self._ctc_head_differs(config)
        refused["head"] = self._head_differs(config, fitted)
        return {part: reason for part, reason in refused.items() if reason}

    def _embedder_differs(self, config: Config) -> str:
        """Return the settings of the embedder that differ; empty if none does."""
        differs = _differing("embedder", config.embedder, self.config.embedder)
        if not differs and config.embedder.reads_codes:
            return self._deobfuscator_differs(config)
        return differs

    def _deobfuscator_differs(self, config: Config) -> str:
        return _differing("deobfuscator", config.deobfuscator, self.config.deobfuscator)

    def _ctc_head_differs(self, config: Config) -> str:
        mine, theirs = config.ocr, self.config.ocr
        if not mine.recognizes or not theirs.recognizes:
            return "that run has none" if mine.recognizes else "this run has none"
        num = [c.ocr.num_frames(c.embedder, c.encoder) for c in (config, self.config)]
        frames = "" if num[0] == num[1] else f"ocr.frames_per_token = {num[1]} there"
        return ", ".join(each for each in (_differing("ocr", mine, theirs), frames) if each)

    def _head_differs(self, config: Config, fitted: FittedState) -> str:
        theirs = self.config.task.kind
        if config.task.kind != theirs:
            return f"task.kind = {theirs!r} there"
        names = [
            build_task(c, a).label_names for c, a in ((config, fitted), (self.config, self.state))
        ]
        return "" if names[0] == names[1] else f"its labels are {', '.join(names[1])[:60]}"

    def _with_fitted(self, part: str, config: Config) -> str:
        """Describe the fitted state that comes with the weights of a part."""
        fitted = self.fitted(config)
        if part == "embedder" and part in fitted:
            names = sorted([*fitted[part].arrays, *fitted[part].texts])
            return f", with its fitted state ({', '.join(names)})" if names else ""
        return ", with its alphabet" if part == "ctc_head" else ""


def _by_part(state: Mapping[str, Tensor]) -> dict[str, dict[str, tuple[str, Tensor]]]:
    """Return tensors by part and name, with their names in the model itself.

    The module around an embedder that joins the tokens of a word becomes the part `words`, so that
    the embedder has the same names with and without it.
    """
    around = any(name.startswith(INNER) for name in state)
    parts: dict[str, dict[str, tuple[str, Tensor]]] = {}
    for own_name, tensor in state.items():
        name = own_name
        if own_name.startswith(INNER):
            name = "embedder." + own_name[len(INNER) :]
        elif around and own_name.startswith("embedder."):
            name = "words." + own_name[len("embedder.") :]
        parts.setdefault(name.partition(".")[0], {})[name] = own_name, tensor
    return parts


def _misfit(name: str, tensor: Tensor, found: Mapping[str, tuple[str, Tensor]]) -> str:
    if name not in found:
        return f"{name} (missing there)"
    shapes = [" × ".join(map(str, each.shape)) for each in (found[name][1], tensor)]
    return f"{name} ({shapes[0]} there, {shapes[1]} here)"


def _named(misfits: list[str]) -> str:
    if not misfits:
        return ""
    more = len(misfits) - MOST_NAMED
    return f"; not {', '.join(misfits[:MOST_NAMED])}" + (f" and {more} more" if more > 0 else "")


def _differing(group: str, mine: Settings, theirs: Settings) -> str:
    """Return the differing settings of the source run on which weights depend; empty if none."""
    if mine.kind != theirs.kind:
        return f"{group}.kind = {theirs.kind!r} there"
    names = [each.name for each in fields(mine) if not each.metadata.get("keeps_weights")]
    return ", ".join(
        f"{group}.{name} = {getattr(theirs, name)!r} there"
        for name in sorted(names)
        if getattr(mine, name) != getattr(theirs, name)
    )
