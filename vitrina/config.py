"""The configuration of a run: its form, its registration with Hydra, its signature.

The dataclasses own names and types, the YAML files in `conf` own the values. Every option of a
group carries a `kind`, which finds its dataclass again when a saved configuration is loaded
without Hydra. Nothing here imports torch: composing stays instant.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from vitrina.data.config import OPTIONS as DATASETS
from vitrina.errors import InputError, require
from vitrina.evaluation.config import LATER as LATER_OF_EVALUATION
from vitrina.evaluation.config import OPTIONS as EVALUATIONS
from vitrina.evaluation.config import AttackEvaluationConfig
from vitrina.files import replacing
from vitrina.models.config import ModelConfig
from vitrina.models.embedders.config import OPTIONS as EMBEDDERS
from vitrina.models.embedders.glyphs_config import LATER as LATER_OF_GLYPHS
from vitrina.models.embedders.glyphs_config import NGRAMS_LATER
from vitrina.models.encoders.config import OPTIONS as ENCODERS
from vitrina.noise.config import LATER as LATER_OF_UNSEEN
from vitrina.noise.config import OPTIONS as NOISES
from vitrina.normalizers.config import OPTIONS as NORMALIZERS
from vitrina.tasks.config import LATER as LATER_OF_TASK
from vitrina.tasks.config import OPTIONS as TASKS
from vitrina.tasks.config import LabelingConfig, PretrainingConfig
from vitrina.tasks.ocr.config import LATER as LATER_OF_OCR
from vitrina.tasks.ocr.config import OPTIONS as OCRS
from vitrina.tasks.ocr.config import check as check_ocr
from vitrina.training.config import LATER as LATER_OF_TRAINING
from vitrina.training.config import OPTIMIZERS
from vitrina.training.config import OPTIONS as TRAININGS
from vitrina.training.trackers.config import OPTIONS as TRACKINGS

GROUPS: dict[str, dict[str, type]] = {
    "task": TASKS,
    "dataset": DATASETS,
    "noise": NOISES,
    "normalizer": NORMALIZERS,
    "embedder": EMBEDDERS,
    "encoder": ENCODERS,
    "ocr": OCRS,
    "optimizer": OPTIMIZERS,
    "training": TRAININGS,
    "evaluation": EVALUATIONS,
    "tracking": TRACKINGS,
}
"""Groups of options, and the dataclass of each kind in them."""

LATER: dict[tuple[str, str], dict[str, Any]] = {
    ("task", "classification"): LATER_OF_TASK,
    ("embedder", "glyphs"): LATER_OF_GLYPHS,
    ("embedder", "glyph_ngrams"): NGRAMS_LATER,
    ("noise", "unseen"): LATER_OF_UNSEEN,
    ("ocr", "ctc"): LATER_OF_OCR,
    **{("evaluation", kind): LATER_OF_EVALUATION for kind in EVALUATIONS},
    ("training", "supervised"): LATER_OF_TRAINING,
}
"""Settings that came after version 0.1.0, by group and kind, with the values of before."""

FROM_NOTHING: dict[str, Any] = {"init_from": None, "frozen": []}
"""The key `model` of a run that starts from random weights. What of it is as here does not count
into a signature, so that runs of before there was such a key still have theirs."""

WITHOUT_EFFECT = ("name", "resume", "device", "threads", "tracking")
"""Root keys that do not count into a run's signature."""


@dataclass(kw_only=True)
class Config:
    """A whole run. The fields of the groups hold one of the dataclasses of `GROUPS`."""

    task: Any
    dataset: Any
    noise: Any
    normalizer: Any
    embedder: Any
    encoder: Any
    ocr: Any
    optimizer: Any
    training: Any
    evaluation: Any
    tracking: Any
    model: ModelConfig
    seed: int
    """Seed of everything that is drawn at random in training."""
    device: str
    """auto, cpu, cuda or cuda:N."""
    threads: int | None
    """Threads of the CPU's matrix library; null leaves them as they are."""
    resume: bool
    """Go on with the run that the same settings started."""
    name: str
    """Folder below `outputs` in which the runs stand."""

    def __post_init__(self) -> None:
        known = self.device in ("auto", "cpu", "cuda") or (
            self.device.startswith("cuda:") and self.device[5:].isdigit()
        )
        require(known, "device", self.device, "auto, cpu, cuda or cuda:N")
        positive = self.threads is None or self.threads >= 1
        require(positive, "threads", self.threads, "at least 1, or null")
        require(0 <= self.seed < 2**63, "seed", self.seed, "from 0 to 2^63 - 1")
        plain = self.name not in ("", ".", "..") and not set(self.name) & set("/\\\0")
        require(plain, "name", self.name, "a folder name without slashes")
        if isinstance(self.task, LabelingConfig):
            self.task.check_encoder(self.encoder)
            pairs = self.dataset.pairs
            require(pairs is None, "dataset.pairs", pairs, "null with task=labeling")
            allowed = "levels with task=labeling, whose words have no further measures"
            kind = self.evaluation.kind
            require(kind == "levels", "evaluation.kind", kind, allowed)
        if isinstance(self.task, PretrainingConfig):
            self.task.check_beside(self)
        if isinstance(self.evaluation, AttackEvaluationConfig):
            self.evaluation.check_task(self.task.kind)
        self.training.check_others(self.task, self.noise)
        check_ocr(self.ocr, self.embedder, self.encoder, self.task)


def package_folder(name: str) -> Path:
    """`conf` or `resources`: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def register() -> None:
    """Tell Hydra the schemas: `schema/root` and `schema/<group>/<kind>`."""
    store = ConfigStore.instance()
    store.store(group="schema", name="root", node=Config)
    for group, options in GROUPS.items():
        for kind, node in options.items():
            store.store(group=f"schema/{group}", name=kind, node=node)
    OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)


def to_config(composed: Any) -> Config:
    """A composed configuration as checked dataclasses.

    Raises:
        InputError: if a value is out of range or missing; it names the key and what is allowed.
    """
    plain = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(plain, dict)
    return from_dict(plain)


def from_dict(values: Mapping[Any, Any]) -> Config:
    """The configuration whose saved form is `values`; Hydra is not needed.

    Raises:
        InputError: if a key, a kind or a value is wrong.
    """
    # Runs of before models could read, or start from others, have no word of it.
    built: dict[str, Any] = {"ocr": {"kind": "none"}, "model": FROM_NOTHING}
    built |= {str(key): value for key, value in values.items()}
    for group, options in GROUPS.items():
        built[group] = _build_option(group, options, built.get(group))
    if not isinstance(built["model"], Mapping):
        raise InputError(f"model = {built['model']!r}: must be {{init_from: …}}")
    built["model"] = _build_node("model", ModelConfig, {**FROM_NOTHING, **built["model"]})
    names = {field.name for field in fields(Config)}
    for key in sorted(built.keys() - names):
        raise InputError(f"{key}: there is no such key; allowed: {', '.join(sorted(names))}")
    for key in sorted(names - built.keys()):
        raise InputError(f"{key}: must be set")
    return Config(**built)


def _build_option(group: str, options: dict[str, type], values: Any) -> Any:
    if not isinstance(values, Mapping) or values.get("kind") not in options:
        kind = values.get("kind") if isinstance(values, Mapping) else values
        raise InputError(f"{group}.kind = {kind!r}: must be one of {', '.join(options)}")
    return _build_node(group, options[values["kind"]], values)


def _build_node(key: str, form: type, values: Mapping[Any, Any]) -> Any:
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(form), dict(values)))
    except OmegaConfBaseException as error:
        raise InputError(explain(error, prefix=key)) from None


def explain(error: OmegaConfBaseException, prefix: str = "") -> str:
    """What is wrong with a key or its value, in one line."""
    key = ".".join(part for part in (prefix, str(error.full_key or error.key or "")) if part)
    first = str(error.msg or error).splitlines()[0]
    if "missing mandatory value" in first:
        return f"{key}: must be set"
    wanted = {
        "Integer": "a whole number",
        "Float": "a number",
        "Boolean": "true or false",
        "Type": "text",
    }
    for name, words in wanted.items():
        if f"could not be converted to {name}" in first:
            value = first.split("'")[1]
            return f"{key} = {value!r}: must be {words}"
    if error.parent_node is not None and "not in" in first:
        names = sorted(str(name) for name in error.parent_node)
        return f"{key}: there is no such key; allowed: {', '.join(names)}"
    return f"{key}: {first}" if key else first


def compose_config(overrides: Sequence[str] = ()) -> Config:
    """The configuration that `main.py` would run with these overrides, for notebooks and tests."""
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(package_folder("conf")), version_base="1.3"):
        return to_config(compose("config", overrides=list(overrides)))


def to_dict(config: Config) -> dict[str, Any]:
    """Plain values, as they are saved."""
    return asdict(config)


def save(config: Config, path: Path) -> None:
    """Write the resolved configuration as YAML, whole or not at all."""
    with replacing(path) as file:
        file.write(OmegaConf.to_yaml(OmegaConf.create(to_dict(config))))


def load(path: Path) -> Config:
    """Read what `save` wrote, in version 0.1.0 too: settings that came later are filled in.

    Raises:
        InputError: if the file is missing or not a configuration.
    """
    try:
        values = OmegaConf.to_container(OmegaConf.load(path))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; is this the folder of a run?") from None
    except Exception as error:  # YAML errors have no common base
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a saved configuration ({reason})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: not a saved configuration")
    for (group, kind), later in LATER.items():
        option = values.get(group)
        if isinstance(option, dict) and option.get("kind") == kind:
            values[group] = later | option
    try:
        return from_dict(values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def signature(values: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits of the hash of all settings that affect a run's results."""
    counted = {key: value for key, value in values.items() if key not in WITHOUT_EFFECT}
    model = {
        key: value
        for key, value in counted.pop("model", {}).items()
        if key not in FROM_NOTHING or value != FROM_NOTHING[key]
    }
    if model:
        counted["model"] = model
    canonical = json.dumps(counted, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def rank_in_environment() -> int:
    """The rank that `torchrun` gave this process; 0 without it."""
    return int(os.environ.get("RANK", "0"))


def _run_folder(*, _root_: Any) -> str:
    """`<model>-<signature>`: the same settings have the same name in every sweep.

    Where such a run stands already, `vitrina.runs.folder.acquire` puts a number behind it.
    """
    if rank_in_environment() > 0:
        return "."  # the first of the processes that torchrun started tells the others its folder
    values = {
        str(key): OmegaConf.to_container(node, resolve=True)
        if OmegaConf.is_config(node := _root_._get_node(key))
        else _root_[key]
        for key in _root_
        if key != "hydra"
    }
    model = _root_.hydra.runtime.choices.get("model") or "run"
    return f"{model}-{signature(values)}"
