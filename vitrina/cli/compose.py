"""Composes and checks configurations. The same Hydra object then runs them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml
from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.default_element import GroupDefault
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from vitrina import config as configuration
from vitrina.cli.explain import explain
from vitrina.config import Config
from vitrina.errors import InputError, require
from vitrina.files import package_folder


@dataclass(frozen=True)
class Composer:
    """Composes configurations of one command line.

    Attributes:
        hydra: created once; its loader searches all config folders.
        config_name: name of the root configuration.
        overrides: overrides of the command line, without flags.
    """

    hydra: Hydra
    config_name: str
    overrides: list[str]

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Composer:
        """Create Hydra and its search path as `hydra.main` does for these flags."""
        configuration.register()
        version.setbase("1.3")
        folder = str(package_folder("conf"))
        if arguments.config_path is not None:
            packaged = "://" in arguments.config_path
            given = arguments.config_path
            folder = given if packaged else str(Path(given).absolute())
        search_path = create_config_search_path(folder)
        if arguments.config_dir is not None:
            own = Path(arguments.config_dir).absolute()
            require(own.is_dir(), "--config-dir", arguments.config_dir, "an existing folder")
            before_schemas = SearchPathQuery(provider="schema")
            search_path.prepend("command-line", f"file://{own}", before_schemas)
        GlobalHydra.instance().clear()
        hydra = Hydra.create_main_hydra2("vitrina", search_path)
        return cls(hydra, arguments.config_name or "config", list(arguments.overrides))

    def compose(self, *, multirun: bool, any_lists: bool = False) -> DictConfig:
        """Compose the configuration of a run, or the one that the jobs of a sweep share.

        Args:
            multirun: whether `-m` is given; a configuration can also set `hydra.mode`.
            any_lists: whether lists of values are ignored without a sweep, instead of refused.

        Raises:
            InputError: if Hydra cannot compose it, or lists of values are given without a sweep.
        """
        given = [*self.overrides, "hydra.mode=MULTIRUN"] if multirun else self.overrides
        with self._explained():
            lists = [each for each in self.parse(given) if each.is_sweep_override()]
            # This mode ignores values of a sweep, as Hydra's own master configuration does.
            composed = self.hydra.config_loader.load_configuration(
                self.config_name, given, run_mode=RunMode.MULTIRUN
            )
        if composed.hydra.mode == RunMode.MULTIRUN or any_lists:
            return composed
        for each in lists:
            remedy = f"{each.input_line}: add -m to run each value"
            if each.value_type == ValueType.SIMPLE_CHOICE_SWEEP:
                key, _, values = str(each.input_line).partition("=")
                remedy += f"; a list is {key}=[{values}]"
            raise InputError(remedy)
        choices = composed.hydra.runtime.choices
        for group in [each for each in choices if OmegaConf.is_missing(choices, each)]:
            raise InputError(f"{group}: must be set to one of {', '.join(self.options(group))}")
        composed.hydra.mode = RunMode.RUN
        return composed

    def compose_job(self, master: DictConfig, overrides: Sequence[str]) -> DictConfig:
        """Compose a job of a sweep as a launcher does."""
        with self._explained():
            return self.hydra.config_loader.load_sweep_config(master, list(overrides))

    def parse(self, overrides: Sequence[str]) -> list[Override]:
        """Parse overrides; `glob()` gets the options of a group from the loader."""
        loader = self.hydra.config_loader
        return OverridesParser.create(config_loader=loader).parse_overrides(list(overrides))

    def groups(self) -> list[str]:
        """Return the names of the groups, without Hydra's own."""
        found = self._names("", ObjectType.GROUP)
        return [group for group in found if group not in ("hydra", "schema")]

    def options(self, group: str) -> list[str]:
        """Return the names of a group's options in all config folders and plugins."""
        return self._names(group, ObjectType.CONFIG)

    def _names(self, group: str, kind: ObjectType) -> list[str]:
        loader = self.hydra.config_loader
        return loader.get_group_options(group, kind, self.config_name, self.overrides)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Convert errors of composing into `InputError`."""
        try:
            yield
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
            raise InputError(explain(error)) from error
        except RecursionError as error:
            raise InputError(self._explain_recursion()) from error

    def _explain_recursion(self) -> str:
        """Name the option whose defaults list chooses its own group, and the form that composes."""
        loader = self.hydra.config_loader
        assert isinstance(loader, ConfigLoaderImpl)
        _, repository = loader._parse_overrides_and_create_caching_repo(
            self.config_name, self.overrides
        )
        names = [(group, option) for group in self.groups() for option in self.options(group)]
        for group, option in names:
            loaded = None
            with suppress(yaml.YAMLError):
                loaded = repository.load_config(f"{group}/{option}")
            for each in (loaded and loaded.defaults_list) or []:
                if isinstance(each, GroupDefault) and each.group == f"/{group}":
                    own = f"{group}/{option}.yaml: - {each.group}: {each.value}"
                    return f"{own} chooses its own group; write - {each.group}/{each.value}"
        return "a defaults list refers to itself; extend an option with - /GROUP/OPTION"


def check(composed: DictConfig) -> Config:
    """Check a composed run or job and return it as dataclasses.

    Raises:
        InputError, OmegaConfBaseException: if a value is wrong.
    """
    hydra = composed.hydra
    require(hydra.output_subdir is None, "hydra.output_subdir", hydra.output_subdir, "null")
    require(not hydra.job.chdir, "hydra.job.chdir", hydra.job.chdir, "false")
    subdir = hydra.sweep._get_node("subdir")._value()
    require(subdir == "${run_folder:}", "hydra.sweep.subdir", subdir, "${run_folder:}")
    HydraConfig.instance().set_config(composed)  # for ${hydra:…}
    return configuration.to_config(without_hydra(composed))


def without_hydra(composed: DictConfig) -> DictConfig:
    """Return a composed configuration without the settings of Hydra itself."""
    return OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
