import re
from pathlib import Path

import pytest

from vitrina.runs.record import environment


def test_the_commit_of_a_checkout_is_recorded() -> None:
    if not (Path(__file__).resolve().parents[2] / ".git").exists():
        pytest.skip("not a checkout")
    assert re.fullmatch(r"[0-9a-f]{40}", environment()["commit"])
