"""Pages that mkdocs makes at build time from other files of the repository."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "README.md": "index.md",
    "README.ru.md": "readme.ru.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples/tutorial.ipynb": "tutorial.md",
}
"""Files of the repository that are pages of the site."""
LINK = re.compile(r"\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for source, page in PAGES.items():
        path = ROOT / source
        if path.exists():
            text = path.read_text(encoding="utf-8")
            content = notebook_page(text) if path.suffix == ".ipynb" else text
            files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links to files of the repository, and bars inside code of tables, work in the site."""
    name = page.file.src_uri
    sources = {page: source for source, page in PAGES.items()}
    return with_links(with_bars(markdown), sources.get(name, f"docs/{name}"), name)


def with_bars(text: str) -> str:
    r"""Return Markdown with `\|` as `|` inside code of tables; only GitHub needs the escape."""
    row = re.compile(r"^\|.*", re.MULTILINE)
    code = re.compile(r"`[^`]*`")
    return row.sub(lambda line: code.sub(lambda each: each[0].replace(r"\|", "|"), line[0]), text)


def with_links(text: str, source: str, page: str) -> str:
    """Return Markdown whose relative links work in the site.

    A link to a file that is no page keeps its text and loses its target.

    Args:
        text: Markdown with links that work in the repository.
        source: path of its file in the repository.
        page: path of its page below `docs`.
    """

    def link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        if target.startswith("docs/"):
            target = target.removeprefix("docs/")
        elif target in PAGES:
            target = PAGES[target]
        else:
            return f"](#{NO_PAGE})" if (ROOT / target).exists() else match[0]
        return f"]({posixpath.relpath(target, posixpath.dirname(page) or '.')}{match[2] or ''})"

    linked = LINK.sub(link, text)
    return re.sub(rf"\[([^\]]*)\]\(#{NO_PAGE}\)", r"\1", linked)


NO_PAGE = "file-without-a-page"


def notebook_page(notebook: str) -> str:
    """Return a notebook as Markdown: its cells with the outputs that it holds."""
    parts = []
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        parts += map(_output, cell.get("outputs", ()))
    return "\n\n".join(parts) + "\n"


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", {"text/plain": output.get("text", "")})
    if "image/png" in data:
        return f"![Output](data:image/png;base64,{''.join(data['image/png']).strip()})"
    if "text/markdown" in data:
        return "".join(data["text/markdown"])
    return f"```text\n{''.join(data['text/plain']).rstrip()}\n```"
