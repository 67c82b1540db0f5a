import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.draw import main

TOOL = Path(__file__).resolve().parents[2] / "tools" / "draw.py"


def test_the_levels_are_drawn_and_printed(tmp_path: Path) -> None:
    target = tmp_path / "new" / "noisy.png"
    command = [sys.executable, str(TOOL), "какая жопа", f"--save-to={target}", "--p=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "clean: какая жопа"
    assert [line.split(":")[0] for line in lines] == ["clean", *(f"level {n}" for n in range(1, 5))]
    assert "0" in lines[1] and "к" in lines[1]  # level 1 has no replacement of к
    assert "к" not in lines[2]
    picture = np.asarray(Image.open(target).convert("L"))
    assert picture.shape[0] == 5 * (24 + 2) * 3 and picture.min() < 100 < picture.max()


@pytest.mark.parametrize("arguments", [["--p=2"], ["--scale=0"], ["--font=none.ttf"]])
def test_wrong_arguments_end_in_one_line(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["текст", f"--save-to={tmp_path / 'x.png'}", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
