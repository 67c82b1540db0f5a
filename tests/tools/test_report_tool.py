"""Tests of tools/report.py, with a parser and a browser for its pages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.reports.made_up_runs import write_run
from tools.report import main

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "report.py"

VOID = {"meta", "img", "br"}
EVIL = '<script>alert("x")</script> & <img src=x onerror=alert(1)>\u202e\ud800 жопа'


class Page(HTMLParser):
    """Checks that elements are closed in order, and stores elements and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if not {"style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def checked(path: Path) -> Page:
    """Check that a page is self-contained and accessible, and return it."""
    text = path.read_bytes().decode("utf-8")
    assert text.startswith("<!DOCTYPE html>\n<html lang=")
    page = Page(text)
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    assert "http:" not in text and "https:" not in text and "@import" not in text
    assert "url(" not in text
    for image in page.all("img"):
        assert re.match("data:image/(png|svg[+]xml);base64,", image["src"] or "")
        assert image["alt"] is not None
    for name, attributes in page.elements:
        assert not [key for key in attributes if key.startswith("on")], name
        assert "title" not in attributes  # tooltips are only accessible with a mouse
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        target = link["href"] or ""
        assert target.startswith("#") and target[1:] in ids
    assert [meta for meta in page.all("meta") if meta.get("name") == "viewport"]
    assert "prefers-color-scheme: dark" in text and ":focus-visible" in text
    headings = [int(name[1]) for name, _ in page.elements if re.fullmatch(r"h\d", name)]
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    return page


@pytest.fixture(scope="module")
def evil(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose most confident mistakes are hostile texts."""
    folder = tmp_path_factory.mktemp("evil") / "run"
    shutil.copytree(trained, folder)
    path = folder / "predictions" / "level_4.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row, text in zip(rows, [EVIL, "", "жопа" * 60], strict=False):
        row |= {"toxic": 1, "score": 0.000001, "label": "0", "scored_text": text}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


@pytest.fixture(scope="module")
def written(evil: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("page") / "new" / "report.html"
    command = [sys.executable, str(TOOL), str(evil), f"--save-to={target}", "--mistakes=8"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{target}: ") and done.stdout.count("\n") == 1
    return target


def test_a_run_on_one_page(written: Path) -> None:
    page = checked(written)
    assert 30_000 < written.stat().st_size < 1_500_000
    for part in ("Scores", "Curves", "Calibration, clean: ECE", "Worst mistakes", "predicted 1"):
        assert part in page.text, part
    assert "synthetic demo corpus" in page.text
    assert "python main.py" in page.text and "torch" in page.text
    assert len(page.all("article")) == 8
    # Mistakes and the noise levels are drawn word by word.
    assert len(page.all("img")) > 30
    assert "Each glyph is left out in turn" in page.text


def test_hostile_texts_are_escaped(written: Path) -> None:
    page = checked(written)
    assert '<script>alert("x")</script> & <img src=x onerror=alert(1)>' in page.text
    assert "\\u202e\\ud800 жопа" in page.text
    assert "(an empty text)" in page.text


def test_text_models_show_their_tokens_as_text(tmp_path: Path) -> None:
    from tests.conftest import small_run

    folder = tmp_path / "run"
    small_run(folder, "model=characters", "encoder.dim=16", "dataset.limit_test=30")
    assert main([str(folder), "--mistakes=3", "--suite=level_2"]) == 0
    page = checked(folder / "report.html")
    assert len(page.all("article")) == 3 and page.all("mark")
    assert "Each token is left out in turn" in page.text
    assert "this model reads no pixels" in page.text and page.all("img")


def test_a_run_without_model_or_predictions_has_a_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", "vtr", 1, 0.8, full=True)
    assert main([str(folder)]) == 0
    page = checked(folder / "report.html")
    assert "No predictions were written" in page.text
    assert "leet" in page.text and "spaces (held out)" in page.text and "AUNC" in page.text
    assert "Share of attacks that succeed" in page.text and "30.5" in page.text
    assert "Lowest F1 0.400: leet at strength 1" in page.text


def test_a_sweep_compares_its_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model, f1 in (("vtr", 0.8), ("ttr", 0.7)):
        for seed in (1, 2, 3):
            write_run(tmp_path / f"{model}-{seed}", model, seed, f1 + seed / 100, full=True)
    write_run(tmp_path / "bad<b>", "ngrams", 1, None, error="out of <memory>")
    target = tmp_path / "sweep.html"
    assert main([str(tmp_path), f"--save-to={target}"]) == 0
    page = checked(target)
    assert "0.820 ± 0.025" in page.text and "0.720 ± 0.025" in page.text
    assert "too few seeds" in page.text
    assert "out of <memory>" in page.text and "6 of 7 runs have finished" in page.text
    links = [link["href"] for link in page.all("a")]
    assert "#run-vtr-1" in links and "#run-bad-b-" in links
    assert page.all("details") and "main.py -m model=vtr seed=1" in page.text
    assert re.search(r"model +seed", re.sub(r"\s+", " ", page.text))  # the only difference
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite=level_9"], "--suite level_9: must be one with predictions: clean, level_1"),
        (["--mistakes=-1"], "--mistakes = -1: must be from 0 to 500"),
    ],
)
def test_wrong_arguments_end_in_one_line(
    arguments: list[str], message: str, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(trained), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and message in error


def test_unfinished_runs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_run(tmp_path / "run", "vtr", 1, None)
    assert main([str(folder)]) == 2
    assert "not finished; a report requires a finished run" in capsys.readouterr().err
    assert main([str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert list(tmp_path.rglob("*.html")) == []


BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for name in BROWSERS if (path := shutil.which(name))), None)

MEASURE = """<!DOCTYPE html><body style="margin:0"><iframe src="{page}" onload="
const root = this.contentDocument.documentElement;
document.title = root.scrollWidth + ' of ' + this.clientWidth + ', ' + root.scrollHeight;
" style="width:{width}px;height:2000px;border:0"></iframe>"""


def browse(tmp_path: Path, *arguments: str) -> str:
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}", *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode("utf-8", "replace")


@pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is on the path")
def test_a_browser_shows_it_on_a_phone_and_in_the_dark(written: Path, tmp_path: Path) -> None:
    frame = tmp_path / "frame.html"
    frame.write_text(MEASURE.format(page=written.as_uri(), width=390), "utf-8")
    sizes = re.search(
        r"<title>(\d+) of (\d+), (\d+)</title>", browse(tmp_path, "--dump-dom", frame.as_uri())
    )
    assert sizes is not None
    wide, phone, tall = map(int, sizes.groups())
    assert wide <= phone == 390 and tall > 3000  # the page does not scroll sideways
    brightness = {}
    for scheme, number in (("light", 1), ("dark", 0)):
        picture = tmp_path / f"{scheme}.png"
        browse(
            tmp_path,
            f"--blink-settings=preferredColorScheme={number}",
            "--window-size=800,3000",
            f"--screenshot={picture}",
            written.as_uri(),
        )
        pixels = np.asarray(Image.open(picture).convert("L"), dtype=float)
        assert pixels.std() > 10  # not blank
        brightness[scheme] = np.median(pixels)
    assert brightness["light"] > 240 and brightness["dark"] < 40
