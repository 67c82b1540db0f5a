"""Every option file composes with every preset, and a saved configuration loads without Hydra."""

from pathlib import Path

import pytest

from vitrina import config as configuration
from vitrina.config import (
    FORMAT,
    GROUPS,
    compose_config,
    from_dict,
    package_folder,
    signature,
    to_dict,
)
from vitrina.errors import InputError
from vitrina.registry import components

CONF = package_folder("conf")
PRESETS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
DRAWN = ["glyphs", "glyph_ngrams", "slices", "slices_reference", "line"]
OPTIONS = {
    group: sorted(path.stem for path in (CONF / group).glob("*.yaml")) for group in sorted(GROUPS)
}
EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


def needs(chosen: dict[str, str]) -> list[str]:
    """Return the settings that these options require."""
    needed = []
    if chosen["dataset"] in ("jsonl", "csv", "parquet"):
        needed.append("dataset.train=a.file")
    if chosen["normalizer"] == "recognizer":
        needed.append("normalizer.run=a_run")
    if chosen["dictionary"] == "file":
        needed.append("dictionary.path=words.txt")
    if chosen["encoder"] == "pretrained":
        needed.append("encoder.name=a/name")
    elif chosen["embedder"] == "subwords":
        needed.append("embedder.name=a/name")
    return needed


def compatible(chosen: dict[str, str]) -> dict[str, str]:
    """Replace options that other options refuse.

    Labeling needs an encoder with a state per token. OCR needs a visual embedder and a task other
    than labeling. Attacks need classification. Pretraining needs a visual embedder and predicts no
    labels.
    """
    if chosen["evaluation"] == "attack":
        chosen = chosen | {"task": "classification"}
    drawn = chosen["embedder"] in DRAWN
    if chosen["task"] == "pretraining":
        if not drawn or chosen["encoder"] == "mean":
            chosen = chosen | {"task": "classification"}
        else:
            chosen = chosen | {"evaluation": "default"}
    labels_words = chosen["task"] == "labeling"
    if labels_words and chosen["encoder"] in ("cnn", "cnn_bytes", "mean"):
        chosen = chosen | {"encoder": "cnn_words"}
    return chosen | {"ocr": "ctc" if drawn and not labels_words else "none"}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("number", range(max(map(len, OPTIONS.values()))))
def test_every_option_composes_with_every_preset(preset: str, number: int) -> None:
    # Each composition has an option of every group; their number is that of the largest group.
    chosen = {group: options[number % len(options)] for group, options in OPTIONS.items()}
    chosen = compatible(chosen)
    named = [f"{group}={option}" for group, option in chosen.items()]
    config = compose_config([f"model={preset}", *named, *needs(chosen)])
    for group in GROUPS:
        option = getattr(config, group)
        assert type(option) is components(group)[option.kind].settings, group
    assert from_dict(to_dict(config)) == config


@pytest.mark.parametrize("embedder", DRAWN)
@pytest.mark.parametrize("encoder", ["cnn_words", "transformer_base"])
def test_pretraining_composes_with_all_visual_embedders(embedder: str, encoder: str) -> None:
    named = [f"embedder={embedder}", f"encoder={encoder}", "task=pretraining", "ocr=ctc"]
    config = compose_config(named)
    assert from_dict(to_dict(config)) == config


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes(experiment: str) -> None:
    compose_config([f"experiment={experiment}"])


def test_every_kind_has_an_option_file() -> None:
    for group in GROUPS:
        named = "\n".join(path.read_text() for path in (CONF / group).glob("*.yaml"))
        for kind in components(group):
            assert f"/schema/{group}/{kind}@_here_" in named


def test_presets_contain_no_values() -> None:
    for preset in PRESETS:
        lines = (CONF / "model" / f"{preset}.yaml").read_text().splitlines()
        allowed = ("#", "defaults:", "  - /", "  - override /")
        values = [line for line in lines if line and not line.startswith(allowed)]
        assert values == [], preset


def test_a_group_on_the_command_line_overrides_the_preset() -> None:
    config = compose_config(["model=vtr", "encoder=cnn"])
    assert (config.embedder.kind, config.encoder.kind) == ("slices", "cnn")


def test_null_level_of_other_words_is_at_most_two() -> None:
    noise = compose_config(["noise=published", "noise.level_toxic=3"]).noise
    assert (noise.level_non_toxic, noise.other_level) == (None, 2)
    assert compose_config(["noise=published", "noise.level_toxic=0"]).noise.other_level == 0


def test_a_saved_configuration_loads_equal(tmp_path: Path) -> None:
    config = compose_config(["model=vtr", "noise=published", "dataset.extra={a: b.jsonl}"])
    configuration.save(config, tmp_path / "config.yaml")
    assert configuration.load(tmp_path / "config.yaml") == config


def test_the_signature_depends_only_on_settings_that_affect_results() -> None:
    base = signature(to_dict(compose_config()))
    same = ["resume=true", "name=other", "device=cpu", "threads=1", "tracking=none"]
    for override in same:
        assert signature(to_dict(compose_config([override]))) == base, override
    for override in ["seed=2", "embedder.dim=64", "noise=none", "training.epochs=1"]:
        assert signature(to_dict(compose_config([override]))) != base, override


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"embedder": {"kind": "pictures"}},
            r"embedder\.kind = 'pictures': must be one of slices,",
        ),
        ({"embedder": None}, r"embedder\.kind = None: must be one of"),
        ({"sed": 1}, r"sed: unknown key; allowed: .*seed"),
        ({"seed": -1}, r"seed = -1: must be at least 0"),
        ({"device": "gpu"}, r"device = 'gpu': must be auto, cpu, cuda or cuda:N"),
        ({"name": "a/b"}, r"name = 'a/b': must be a folder name"),
    ],
)
def test_a_wrong_saved_configuration_is_refused(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        from_dict({**to_dict(compose_config()), **change})
    assert "\n" not in str(error.value)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    configuration.save(compose_config(), path)
    path.write_text(path.read_text().replace(f"format: {FORMAT}\n", "format: 0\n"))
    with pytest.raises(InputError, match=f"format 0; this version reads format {FORMAT}"):
        configuration.load(path)


def test_kind_cannot_be_overridden() -> None:
    with pytest.raises(InputError, match=r"embedder\.kind = 'slices': choose embedder=slices"):
        compose_config(["embedder.kind=slices"])


@pytest.mark.parametrize("content", ["", "- a", "{", "a: b"])
def test_a_file_that_is_not_a_configuration_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(InputError):
        configuration.load(path)
