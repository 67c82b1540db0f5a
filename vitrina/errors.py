"""What a user gave is wrong: one line that names it and says what is allowed.

Anything else that is raised is a fault of the program and keeps its traceback.
"""

from __future__ import annotations


class InputError(ValueError):
    """A wrong setting, file or text, told in one line; commands answer it with exit code 2."""


def require(condition: bool, key: str, value: object, allowed: str) -> None:
    """Raise `InputError` naming `key`, its `value` and what is `allowed`, unless `condition`."""
    if not condition:
        raise InputError(f"{key} = {value!r}: must be {allowed}")
