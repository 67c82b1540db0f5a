"""Code is found in documents of any form, and marked blocks run."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.documents import code, commands, run_blocks, runs

DOCUMENT = """
# A page

Call `python main.py seed=1`, or in a table:

| a | b |
|---|---|
| `python tools/normalize.py "}\\|{"` | c |

    # indented
    python main.py seed=2

1. A step:

    prose with `python main.py seed=3`

    ```bash title="in a list"
    DATA=here
    for s in 4 5; do .venv/bin/python main.py seed=$s dataset.train=$DATA; done < file
    ```

```console
$ python main.py \\
>     seed=6
python main.py seed=7
```

```yaml
python main.py seed=8
```

```bash
cd elsewhere
VAR=1 python tools/table.py outputs/*
```
"""
RUN = """
<!-- run -->
```bash
X=1
touch outputs/made
```

Not run:

```bash
false
```

<!-- run, output -->

```console
$ echo $X; ls outputs
1
made
```

<!-- run, slow -->
```bash
touch outputs/slow
```

<!-- run, output -->
```python
print("seconds: 3.4")
print("end")
```

prints

```text
seconds: …
end
```
"""


def write(path: Path, text: str) -> str:
    document = path / "page.md"
    document.write_text(dedent(text), encoding="utf-8")
    return str(document)


def test_commands_are_found_wherever_they_are(tmp_path: Path) -> None:
    found = [words[2:] for words in commands(write(tmp_path, DOCUMENT))]
    seeds = [words[1] for words in found if words[0] == "main.py"]
    assert seeds == [f"seed={n}" for n in range(1, 7)]
    assert ("tools/normalize.py", "}|{") in found
    assert ("main.py", "seed=5", "dataset.train=here") in found
    assert found[-1] == ("tools/table.py", "outputs/*")


def test_lines_are_those_of_the_document(tmp_path: Path) -> None:
    document = write(tmp_path, DOCUMENT)
    lines = Path(document).read_text(encoding="utf-8").splitlines()
    for piece in code(document):
        assert piece.text.splitlines()[0].rstrip("\\ ") in lines[piece.line - 1].replace("\\|", "|")


def test_marked_blocks_run_in_one_shell(tmp_path: Path) -> None:
    document = write(tmp_path, RUN)
    for slow in (False, True):
        folder = tmp_path / str(slow)
        folder.mkdir()
        run_blocks(document, runs(document, slow=slow), folder)
        assert (folder / "outputs" / "slow").exists() is slow


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("<!-- run -->\n```bash\necho why\nfalse\n```\n", "page.md:3: exit code 1\nwhy"),
        ("<!-- run -->\n```bash\nfalse | cat\n```\n", "page.md:3: exit code 1"),
        (
            "<!-- run, output -->\n```bash\necho a\n```\n```text\nb\n```\n",
            "page.md:3: shown\nb\nprinted\na",
        ),
    ],
)
def test_a_block_that_fails_names_its_line(tmp_path: Path, block: str, message: str) -> None:
    document = write(tmp_path, block)
    (tmp_path / "run").mkdir()
    with pytest.raises(AssertionError, match=re.escape(message)):
        run_blocks(document, runs(document, slow=False), tmp_path / "run")


def test_output_needs_a_text_block(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"page\.md:3: no text block follows"):
        code(write(tmp_path, "<!-- run, output -->\n```bash\ntrue\n```\n"))
