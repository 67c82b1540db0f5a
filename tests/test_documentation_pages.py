"""Generated pages: links, tables and outputs work in the site as in the repository."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mkdocs")
HOOKS = Path(__file__).resolve().parents[1] / "docs" / "hooks"


@pytest.fixture(scope="module")
def pages() -> dict[str, Any]:
    return runpy.run_path(str(HOOKS / "pages.py"))


@pytest.mark.parametrize(
    ("source", "page", "link", "expected"),
    [
        ("README.md", "index.md", "[a](docs/data.md#csv)", "[a](data.md#csv)"),
        ("README.md", "index.md", "![a](docs/pictures/x.png)", "![a](pictures/x.png)"),
        ("README.md", "index.md", "[a](CONTRIBUTING.md)", "[a](contributing.md)"),
        ("README.md", "index.md", "[the `a`](LICENSE)", "the `a`"),
        ("docs/use.md", "use.md", "[a](../README.md)", "[a](index.md)"),
        ("docs/use.md", "use.md", "[a](data.md)", "[a](data.md)"),
        ("docs/use.md", "use.md", "[a](../examples/tutorial.ipynb)", "[a](tutorial.md)"),
        ("docs/use.md", "use.md", "[a](missing.md)", "[a](missing.md)"),
        ("docs/use.md", "use.md", "[a](https://hydra.cc)", "[a](https://hydra.cc)"),
        ("docs/reference/api.md", "reference/api.md", "[a](../use.md)", "[a](../use.md)"),
    ],
)
def test_links(pages: dict[str, Any], source: str, page: str, link: str, expected: str) -> None:
    assert pages["with_links"](f"x {link}.", source, page) == f"x {expected}."


def test_bars_in_code_of_tables_need_no_escape(pages: dict[str, Any]) -> None:
    text = "`a\\|b`\n\n| `}\\|{` | c \\| d |\n"
    assert pages["with_bars"](text) == "`a\\|b`\n\n| `}|{` | c \\| d |\n"


def test_a_notebook_is_a_page(pages: dict[str, Any]) -> None:
    outputs = [{"text": ["1\n"]}, {"data": {"image/png": "AAA\n", "text/plain": "x"}}]
    cells = [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": ["print(1)"], "outputs": outputs},
    ]
    assert pages["notebook_page"](json.dumps({"cells": cells})) == (
        "# Title\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\n"
        "![Output](data:image/png;base64,AAA)\n"
    )


def test_names_that_share_an_entry_are_split() -> None:
    pytest.importorskip("griffe")
    names = runpy.run_path(str(HOOKS / "names.py"))
    text = "Args:\n    ge, le: bounds\n        of a value.\n    other: c."
    expected = "Args:\n    ge: bounds\n        of a value.\n    le: bounds\n        of a value.\n"
    assert names["SHARED"].sub(names["_split"], text) == f"{expected}    other: c."
