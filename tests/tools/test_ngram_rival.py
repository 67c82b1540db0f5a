import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from ngram_rival import main


def test_it_learns_and_prints_the_table_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["dataset.num_comments=1500", "evaluation=quick", "noise=published"]
    assert main(few) == 0
    told = capsys.readouterr().out
    f1 = {name: float(value) for name, value in re.findall(r"(clean|level_\d) +(0\.\d{3})", told)}
    assert set(f1) == {"clean", "level_1", "level_2", "level_3", "level_4"}
    assert f1["clean"] > 0.6 and "synthetic demo corpus" in told


def test_wrong_settings_end_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["noise=loud"]) == 2
    assert capsys.readouterr().err.startswith("error: noise=loud: must be one of diacritics, ")
