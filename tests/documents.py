"""The code of documents: what they show, the commands in it, and runs of the marked blocks.

Code is a fenced block, an indented block that starts with a program, or a span between backquotes.
An HTML comment before a fenced block of bash, console or python has it run:

    <!-- run -->            the block must exit with 0
    <!-- run, slow -->      the same, in the slow tests alone
    <!-- run, output -->    also, it must print the ```text block that follows, or what a console
                            block shows after each command; `…` matches any text

Blocks of a document run from top to bottom in one shell, in a folder that looks like the root of
the repository, with an empty folder `outputs`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = re.compile(r"(python|torchrun|vitrina|make|pip)\s")
SHELLS = ("bash", "sh", "shell", "console")
FENCE = re.compile(r"(\s*)(```+|~~~+)\s*([\w-]*)")
MARK = re.compile(r"\s*<!--\s*(run\b[\w\s,]*)-->\s*")
INLINE = re.compile(r"`([^`]+)`")
RECORD = r"""
PATH=/none DATA=data TABLES=tables
exec 3>&1
cd() { :; }
source() { :; }
command_not_found_handle() {
    [[ $1 == python && $2 == - ]] && { IFS= read -r -d '' code; set -- python-code "$code"; }
    printf '%s\0' "$line" "$@" $'\1' >&3
}
"""


@dataclass(frozen=True)
class Code:
    """A piece of code in a document.

    Attributes:
        line: number of its first line.
        text: without indentation and prompts.
        language: of a fenced block; empty for other code.
        block: whether it has lines of its own.
        marks: words of the comment before it, such as `run`.
        output: what it prints, if the document shows that.
    """

    line: int
    text: str
    language: str
    block: bool
    marks: frozenset[str] = frozenset()
    output: str | None = None

    @property
    def is_python(self) -> bool:
        if self.language:
            return self.language == "python"
        return self.block and self.text.startswith(("from ", "import ", "@register"))

    @property
    def is_shell(self) -> bool:
        if self.language:
            return self.language in SHELLS
        starts_one = PROGRAMS.match(self.text) or self.text.startswith(("for ", "vitrina "))
        return bool(starts_one) or (self.block and " python " in self.text.replace("\n", " "))


def documents() -> list[str]:
    """Paths of all documents below the root."""
    found = [ROOT / name for name in ("README.md", "README.ru.md", "CONTRIBUTING.md")]
    found += [*sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("examples/*/README.md"))]
    return [path.relative_to(ROOT).as_posix() for path in found if path.exists()]


@cache
def code(document: str) -> tuple[Code, ...]:
    """All code of a document, from top to bottom."""
    pieces = list(_pieces((ROOT / document).read_text(encoding="utf-8").splitlines()))
    for index, piece in enumerate(pieces):
        if "output" in piece.marks and piece.output is None:
            after = pieces[index + 1] if index + 1 < len(pieces) else piece
            assert after.language == "text", f"{document}:{piece.line}: no text block follows"
            pieces[index] = Code(**{**vars(piece), "output": after.text})
    return tuple(pieces)


def _pieces(lines: list[str]) -> Iterator[Code]:
    marks: frozenset[str] = frozenset()
    rest = iter(enumerate([*lines, ""], 1))
    indented: list[str] = []
    for number, line in rest:
        fence = FENCE.match(line)
        if indented and (fence or not line.startswith("    ")):
            yield from _indented(number - len(indented), indented)
            indented = []
        if fence:
            body = []
            for _, inner in rest:
                if inner.strip() == fence[2]:
                    break
                body.append(inner.removeprefix(fence[1]))
            yield _fenced(number + 1, body, fence[3], marks)
        elif line.startswith("    "):
            indented.append(line[4:])
        else:
            yield from _inline(number, line)
        mark = MARK.fullmatch(line)
        if mark or line.strip():
            marks = frozenset(re.findall(r"\w+", mark[1])) if mark else frozenset()


def _fenced(number: int, body: list[str], language: str, marks: frozenset[str]) -> Code:
    if language != "console":
        return Code(number, "\n".join(body), language, True, marks)
    commands = [line[2:] for line in body if line.startswith(("$ ", "> "))]
    shown = [line for line in body if not line.startswith(("$ ", "> "))]
    return Code(number, "\n".join(commands), language, True, marks, "\n".join(shown))


def _indented(number: int, lines: list[str]) -> Iterator[Code]:
    """A block of code, or prose inside of a list or a note."""
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    whole = Code(number, "\n".join(lines), "", True)
    if re.match(r"[\w$][\w./-]*([ =(]|$)", first) and (whole.is_shell or whole.is_python):
        yield whole
    else:
        for line_number, line in enumerate(lines, number):
            yield from _inline(line_number, line)


def _inline(number: int, line: str) -> Iterator[Code]:
    line = line.replace("\\|", "|") if line.lstrip().startswith("|") else line
    yield from (Code(number, each, "", False) for each in INLINE.findall(line))


@cache
def commands(document: str) -> tuple[tuple[str, ...], ...]:
    """Line, program and arguments of each command; bash splits the words.

    Bash runs the code with an empty PATH. Each program name ends in a handler that records its
    arguments, so that assignments, loops, quotes and braces take effect and no program starts.
    """
    script = [RECORD]
    for piece in code(document):
        if piece.is_shell:
            text = piece.text.replace(".venv/bin/", "")
            text = re.sub(r"(?<![<\w])<\s*[\w./-]+", "< /dev/null", text)
            script.append(f"line={piece.line}\n{text}\n")
    with TemporaryDirectory() as folder:
        bash = ["/bin/bash", "-c", "\n".join(script)]
        done = subprocess.run(bash, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr, f"{document}: {done.stderr}"
    return tuple(tuple(words.split("\0")[:-1]) for words in done.stdout.split("\1\0")[:-1])


def runs(document: str, *, slow: bool) -> list[Code]:
    """The blocks that are run: all of them if `slow`, otherwise those that are not marked so."""
    marked = [piece for piece in code(document) if "run" in piece.marks]
    return marked if slow else [piece for piece in marked if "slow" not in piece.marks]


def run_blocks(document: str, blocks: list[Code], folder: Path) -> None:
    """Run blocks of a document one after another in a shell.

    Raises:
        AssertionError: if a block fails or prints something else than the document shows.
    """
    for path in ROOT.iterdir():
        if path.name != "outputs":
            (folder / path.name).symlink_to(path)
    (folder / "outputs").mkdir()
    script = ["exec 2>&1", "set -eo pipefail"]
    for piece in blocks:
        text = f"python - <<'END'\n{piece.text}\nEND" if piece.is_python else piece.text
        script.append(f"printf '\\1%s\\n' {piece.line}\n{text}\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "WANDB_MODE": "offline"}
    bash = ["/bin/bash", "-c", "\n".join(script)]
    done = subprocess.run(
        bash, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=900
    )
    printed = [each.partition("\n")[::2] for each in done.stdout.split("\1")[1:]]
    line, last = printed[-1] if printed else ("1", done.stdout)
    assert done.returncode == 0, f"{document}:{line}: exit code {done.returncode}\n{last}"
    for piece, (_, text) in zip(blocks, printed, strict=True):
        if "output" in piece.marks:
            assert piece.output is not None
            shown = ".*".join(map(re.escape, piece.output.strip().split("…")))
            same = re.fullmatch(shown, text.strip(), re.DOTALL)
            assert same, f"{document}:{piece.line}: shown\n{piece.output}\nprinted\n{text}"
