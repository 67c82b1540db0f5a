"""Errors of input: one line that names the place, the value and what is allowed.

Any other exception is a bug of the program and keeps its traceback.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


class InputError(ValueError):
    """A wrong setting, file or text, described in one line; commands exit with code 2."""


def require(condition: bool, key: str, value: object, allowed: str) -> None:
    """Raise `InputError` naming `key`, its `value` and what is `allowed`, unless `condition`."""
    if not condition:
        raise InputError(f"{key} = {value!r}: must be {allowed}")


def require_in_range(key: str, value: Any, declared: Mapping[str, Any], optional: bool) -> None:
    """Raise `InputError` unless a setting is in its range.

    Args:
        key, value: of the setting; each element of a list or mapping must be in the range.
        declared: the arguments of `vitrina.registry.setting`, by name.
        optional: whether None is allowed.
    """
    allowed = allowed_values(declared, optional)
    if isinstance(value, Mapping):
        for name, element in value.items():
            require(_in_range(element, declared, optional), f"{key}.{name}", element, allowed)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, element in enumerate(value):
            require(_in_range(element, declared, False), f"{key}[{index}]", element, allowed)
            once = not declared["unique"] or list(value).index(element) == index
            require(once, f"{key}[{index}]", element, "listed only once")
        enough = len(value) >= declared["min_length"]
        number = f"a list of at least {declared['min_length']}, each {allowed}"
        require(enough, key, value, number.removesuffix(", each "))
    else:
        require(_in_range(value, declared, optional), key, value, allowed)


def _in_range(value: Any, declared: Mapping[str, Any], optional: bool) -> bool:
    if value is None:
        return optional
    if declared["choices"] is not None:
        return value in declared["choices"]
    if isinstance(value, str):
        return bool(value) or not declared["non_empty"]
    if isinstance(value, float) and math.isnan(value):
        return False
    tests = (
        ("ge", lambda bound: value >= bound),
        ("gt", lambda bound: value > bound),
        ("le", lambda bound: value <= bound),
        ("lt", lambda bound: value < bound),
        ("multiple_of", lambda bound: value % bound == 0),
    )
    bounds = all(declared[name] is None or holds(declared[name]) for name, holds in tests)
    return bounds and (not declared["odd"] or value % 2 == 1)


def allowed_values(declared: Mapping[str, Any], optional: bool) -> str:
    """Describe a range: `from 4 to 256`, `one of a, b`, `at least 1, or null`.

    Args:
        declared, optional: as in `require_in_range`.
    """
    if declared["choices"] is not None:
        words = f"one of {', '.join(str(choice) for choice in declared['choices'])}"
    elif declared["non_empty"]:
        words = "a text that is not empty"
    else:
        words = _bounds(declared)
    if declared["multiple_of"] is not None:
        words = f"a multiple of {declared['multiple_of']}, {words}".removesuffix(", ")
    if declared["odd"]:
        words = f"odd and {words}".removesuffix(" and ")
    return f"{words}, or null" if optional else words


def _bounds(declared: Mapping[str, Any]) -> str:
    ge, gt, le, lt = (_number(declared[name]) for name in ("ge", "gt", "le", "lt"))
    if ge is not None and le is not None:
        return f"from {ge} to {le}"
    low = f"at least {ge}" if ge is not None else f"above {gt}" if gt is not None else ""
    high = f"at most {le}" if le is not None else f"below {lt}" if lt is not None else ""
    return " and ".join(each for each in (low, high) if each)


def _number(bound: float | None) -> str | None:
    """Return a bound as text; `2^63` for a large power of two."""
    if isinstance(bound, int) and bound >= 2**31 and bound & (bound - 1) == 0:
        return f"2^{bound.bit_length() - 1}"
    return None if bound is None else str(bound)
