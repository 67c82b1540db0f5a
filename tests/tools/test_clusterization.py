import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tools.clusterization import main
from vitrina.files import package_folder
from vitrina.glyphs.clustering import RUSSIAN
from vitrina.noise.tables import unseen_options

TOOL = Path(__file__).resolve().parents[2] / "tools" / "clusterization.py"

QUICK = ("--font-size=6", "--clusters=12")


def test_look_alikes_and_a_contact_sheet_of_the_default_font(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "new" / "a.json", tmp_path / "new" / "b.json"]
    for path in paths:
        assert main([*QUICK, "--seed=3", f"--save-to={path}"]) == 0
    captured = capsys.readouterr()
    assert f"{paths[0]}: 66 letters, " in captured.out
    assert f"{tmp_path / 'new' / 'a.png'}: contact sheet" in captured.out
    assert "clustering into 12 clusters" in captured.err
    contents = [path.read_text(encoding="utf-8") for path in paths]
    assert contents[0] == contents[1]
    clusters = json.loads(contents[0])
    assert "".join(clusters) == RUSSIAN
    assert all(letter in alike for letter, alike in clusters.items())
    assert len({tuple(alike) for alike in clusters.values()}) <= 12
    assert "A" in clusters["А"] and "a" in clusters["а"]  # Latin, drawn alike
    with Image.open(paths[0].with_suffix(".png")) as sheet:
        assert sheet.format == "PNG" and min(sheet.size) > 500
    names = sorted(path.name for path in paths[0].parent.iterdir())
    assert names == ["a.json", "a.png", "b.json", "b.png"]


def test_unseen_look_alikes_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    assert main(["--unseen=0.85", f"--save-to={path}"]) == 0
    assert f"{path}: 59 letters, 7.4 look-alikes each" in capsys.readouterr().out
    own = package_folder("resources") / "letter_replacement" / "unseen.json"
    found, stored = (json.loads(file.read_text("utf-8")) for file in (path, own))
    assert found.keys() == stored.keys()
    # The order of look-alikes with equal similarity differs by machine.
    assert {letter: set(alike) for letter, alike in found.items()} == {
        letter: set(alike) for letter, alike in stored.items()
    }


def test_confusables_of_unicode_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    assert main(["--confusables", f"--save-to={path}"]) == 0
    assert f"{path}: 38 letters, " in capsys.readouterr().out
    found = json.loads(path.read_text("utf-8"))
    assert "\u2d54" in found["О"] and "\u03f0" in found["к"]
    unseen = unseen_options(path)  # without replacements of levels and without letters
    assert {letter: unseen[letter] for letter in found} == found


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--font-path=none.ttf", "none.ttf: no such font file"),
        (f"--font-path={TOOL}", f"{TOOL}: not a TrueType or OpenType font"),
        ("--font-size=3", "--font-size = 3: must be at least 4"),
        ("--clusters=0", "clusters = 0: must be from 1 to "),
        ("--clusters=99999", "clusters = 99999: must be from 1 to "),
        ("--unseen=1", "--unseen = 1.0: must be a cosine between 0 and 1"),
        ("--confusables --unseen=0.9", "--confusables = True: must be given without --unseen"),
        ("--seed=-1", "--seed = -1: must be from 0 to 2^32 - 1"),
        ("--save-to=a.png", "--save-to = 'a.png': must be a JSON file"),
    ],
)
def test_wrong_flags_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, reason: str
) -> None:
    assert main([f"--save-to={tmp_path / 'a.json'}", *flag.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {reason}")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_from_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), "--font-path=none.ttf"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: none.ttf: no such font file\n"
    assert list(tmp_path.iterdir()) == []
