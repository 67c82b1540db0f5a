"""Pages that mkdocs makes at build time from other files of the repository."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

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
        if path.exists() and path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
            files.append(File.generated(config, page, content=with_links(text, source, page)))
    for page in ("tutorial.md", "reference/settings.md"):
        files.append(File.generated(config, page, content="# To do\n"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links to files outside of `docs` work in the site."""
    if page.file.generated_by is not None:
        return markdown
    return with_links(markdown, f"docs/{page.file.src_uri}", page.file.src_uri)


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
