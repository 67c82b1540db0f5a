"""Find words that the language of the project avoids (CONTRIBUTING); `make lint` runs this check.

Reads comments, strings and names of functions and classes in Python files and notebooks, text cells
of notebooks, and all lines of other files.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKED = ("conf", "docs", "examples", "tests", "tools", "vitrina", "main.py", "Makefile")
CHECKED += ("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")
SUFFIXES = (".ipynb", ".md", ".py", ".toml", ".yaml")
BANNED = re.compile(  # not as a part of a dotted name, such as a function of numpy
    r"(?<![\w.])(told|tells?|said|stands?|stood|beside|of what|that which|is asked|goes on"
    r"|the way of|houses?|rooms?|floors?)\b",
    re.IGNORECASE,
)
ALLOWED = (
    ("tools/check_language.py", "(told|"),
    ("tools/check_language.py", "|the way of|"),
    ("CONTRIBUTING.md", "check_language"),
)
"""File, and a part of a line in which banned words are allowed."""
PROSE = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def python_lines(source: str) -> Iterator[tuple[int, str]]:
    """Yield numbers and texts of lines with comments, strings, or defined names."""
    previous = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in PROSE:
            yield from enumerate(token.string.splitlines(), token.start[0])
        elif previous in ("def", "class"):
            yield token.start[0], token.string.replace("_", " ")
        previous = token.string


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield places, `:line` or `:cell:line` in a notebook, and texts of the lines to check."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        found = python_lines(content) if path.suffix == ".py" else enumerate(content.split("\n"), 1)
        yield from ((f":{number}", text) for number, text in found)
        return
    for index, cell in enumerate(json.loads(content)["cells"], 1):
        source = "".join(cell["source"])
        code = re.sub(r"^[%!].*", "", source, flags=re.MULTILINE)  # lines that are not Python
        is_code = cell["cell_type"] == "code"
        found = python_lines(code) if is_code else enumerate(source.split("\n"), 1)
        yield from ((f":{index}:{number}", text) for number, text in found)


def main(root: Path = ROOT) -> int:
    """Print each banned word with its place; return 1 if there is one, else 0."""
    paths = [path for name in CHECKED for path in (root / name, *sorted((root / name).rglob("*")))]
    num_found = 0
    for path in paths:
        if not path.is_file() or (path.suffix not in SUFFIXES and path.name != "Makefile"):
            continue
        name = path.relative_to(root).as_posix()
        for place, text in lines(path):
            if any(name == file and part in text for file, part in ALLOWED):
                continue
            for match in BANNED.finditer(text):
                num_found += 1
                print(f"{name}{place}: {match[0]!r} is a banned word: {text.strip()[:80]}")
    return int(num_found > 0)


if __name__ == "__main__":
    sys.exit(main())
