"""`vitrina components [GROUP …]`: lists groups, their components and the capabilities of each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from vitrina.errors import InputError
from vitrina.registry import Component, components, groups


def main(arguments: Sequence[str]) -> int:
    """Print the components of all groups, or of those that `arguments` name."""
    parser = argparse.ArgumentParser("vitrina components", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="default: all groups")
    known = groups()
    chosen = parser.parse_args(arguments).groups or known
    for group in chosen:
        if group not in known:
            raise InputError(f"{group}: unknown group; must be one of {', '.join(known)}")
    for group in chosen:
        print(group)
        options = components(group)
        width = max(map(len, options))
        for name, each in options.items():
            print(f"  {name:<{width}}  {_describe(each)}")
    return 0


def _describe(each: Component) -> str:
    capabilities = [
        name if value is True else f"{name}={value}"
        for name, value in each.capabilities.items()
        if value not in (None, False, (), "")
    ]
    plugin = f" (plugin {each.plugin})" if each.plugin else ""
    listed = f" [{', '.join(capabilities)}]" if capabilities else ""
    return each.summary + listed + plugin
