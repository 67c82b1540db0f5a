"""Configurations that plain Hydra composes are composed and checked; errors have one line."""

from pathlib import Path

import pytest

from vitrina import registry
from vitrina.cli.components import main as list_components
from vitrina.cli.compose import Composer, check
from vitrina.cli.help import help_text
from vitrina.cli.sweep import sweep_jobs
from vitrina.cli.train import parse
from vitrina.config import Config
from vitrina.errors import InputError
from vitrina.runs.plan import Job


def composer(*arguments: str) -> Composer:
    return Composer.of(parse(arguments))


def run_of(*arguments: str) -> Config:
    """Return the checked configuration of a single run."""
    return check(composer(*arguments).compose(multirun=False))


def jobs_of(*arguments: str) -> list[Job]:
    """Return the checked jobs of a sweep."""
    composing = composer(*arguments)
    return sweep_jobs(composing, composing.compose(multirun="-m" in arguments))


def write(folder: Path, name: str, *lines: str) -> None:
    path = folder / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a preset that extends a built-in one, an experiment with a sweep and a root."""
    write(tmp_path, "model/mine", "# @package _global_", "defaults: [/model/ttr]", "seed: 7")
    sweep = "hydra: {mode: MULTIRUN, sweeper: {params: {model: 'mine,ttr'}}}"
    write(tmp_path, "experiment/two", "# @package _global_", sweep)
    write(tmp_path, "root", "defaults: [config, _self_]", "seed: 9")
    return tmp_path


def test_config_folders_of_a_user_compose_in_any_position(own: Path) -> None:
    for line in (
        ["--config-dir", str(own), "model=mine", "resume=true"],
        ["model=mine", "--config-dir", str(own), "resume=true"],
        ["model=mine", f"hydra.searchpath=[file://{own}]", "resume=true"],
    ):
        config = run_of(*line)
        assert (config.embedder.kind, config.seed, config.resume) == ("wordpiece", 7, True), line
    assert run_of("--config-dir", str(own), "--config-name", "root").seed == 9


def test_another_root_configuration_replaces_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "conf", "config", "defaults: [schema/root@_global_]")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^hydra\.output_subdir = '\.hydra': must be null$"):
        run_of("--config-path", "conf")
    with pytest.raises(InputError, match="none"):
        run_of("--config-path", "none")


def test_options_of_a_user_are_in_help_and_errors(own: Path) -> None:
    shown = help_text(composer("-m", "model=ttr,vtr", "--config-dir", str(own)))
    (line,) = [line for line in shown.splitlines() if line.startswith("  model:")]
    assert "mine, ngrams" in line and "schema" not in shown
    for given in (["--config-dir", str(own)], [f"hydra.searchpath=[file://{own}]"]):
        with pytest.raises(InputError, match=r"model=mime \(did you mean mine\?\): .*, mine, "):
            run_of("model=mime", *given)


def test_globs_and_stored_sweeps_with_more_lists_yield_all_jobs(own: Path) -> None:
    assert [job.overrides for job in jobs_of("-m", "model=glob(vtr_g*)")] == [
        ["model=vtr_glyphs"],
        ["model=vtr_glyphs_plain"],
    ]
    jobs = jobs_of("experiment=two", "seed=1,2", "--config-dir", str(own))
    assert len({job.name for job in jobs}) == 4
    assert jobs[0].overrides == ["model=mine", "experiment=two", "seed=1"]
    with pytest.raises(InputError, match=r"glob\(zz\*\): no job"):
        jobs_of("-m", "model=glob(zz*)")


def test_a_stored_sweep_composes_with_another_list() -> None:
    assert len(jobs_of("experiment=architectures", "seed=1,2")) == 20


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["seed=1,2"], "seed=1,2: add -m to run each value; a list is seed=[1,2]"),
        (["model=glob(*)"], "model=glob(*): add -m to run each value"),
        (
            ["dataset=jsonl", "dataset.trian=x"],
            "dataset.trian: unknown key (did you mean train?); allowed: background, cleaning,",
        ),
        (["hydra/lancher=basic"], "hydra/lancher: unknown key (did you mean launcher?)"),
        (["embedder=[bytes,lines]"], "embedder=lines (did you mean line?): must be one of bytes,"),
        (["--config-dir", "none"], "--config-dir = 'none': must be an existing folder"),
        (["--config-name", "none"], "none: no such configuration"),
        (["hydra.output_subdir=x"], "hydra.output_subdir = 'x': must be null"),
        (["hydra.job.chdir=true"], "hydra.job.chdir = True: must be false"),
        (["hydra.sweep.subdir=x"], "hydra.sweep.subdir = 'x': must be ${run_folder:}"),
        (["foo"], "'foo' cannot be read as KEY=VALUE"),
        (["-m", "--cfg", "job"], "only one of --run, --multirun, --cfg"),
    ],
)
def test_errors_name_key_value_and_allowed_values(line: list[str], message: str) -> None:
    with pytest.raises(InputError) as error:
        run_of(*line)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model", "defaults: [/model: vtr_glyphs]", "model/wrong.yaml: - /model: vtr_glyphs chooses"
         " its own group; write - /model/vtr_glyphs"),
        ("model", "{defaults: [/model/ttr], embedder: {dmi: 3}}", "model/wrong.yaml: embedder.dmi: "
         "unknown key (did you mean dim?); allowed: "),
        ("model", "seed: [1", "wrong.yaml:2: not YAML"),
        ("experiment", "defaults: [/model/vtr_line_]", "model=vtr_line_ (did you mean vtr_line?)"),
    ],
)  # fmt: skip
def test_errors_name_wrong_files_of_a_user(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    write(tmp_path, f"{name}/wrong", "# @package _global_", content)
    with pytest.raises(InputError) as error:
        run_of(f"{name}=wrong", "--config-dir", str(tmp_path))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_error_names_a_required_group(tmp_path: Path) -> None:
    write(tmp_path, "extra/one", "# @package _global_", "seed: 3")
    write(tmp_path, "root", "defaults: [config, extra: '???']")
    given = ["--config-dir", str(tmp_path), "--config-name", "root"]
    assert run_of(*given, "extra=one").seed == 3
    with pytest.raises(InputError, match=r"^extra: must be set to one of one$"):
        run_of(*given)


def test_values_may_refer_to_choices() -> None:
    assert run_of("model=ttr", "name=${hydra:runtime.choices.model}").name == "ttr"


def test_every_component_has_a_summary() -> None:
    missing = [
        f"{group}={name}"
        for group in registry.groups()
        for name, each in registry.components(group).items()
        if not each.summary.endswith(".")
    ]
    assert not missing


def test_components_are_listed_with_capabilities(capsys: pytest.CaptureFixture[str]) -> None:
    assert list_components(["embedder"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "embedder"
    (glyphs,) = [line for line in lines if line.startswith("  glyphs ")]
    assert "draws" in glyphs.partition("[")[2]
    with pytest.raises(InputError, match=r"^embeder: unknown group; must be one of .*embedder"):
        list_components(["embeder"])
