"""The tutorial runs. `python -m tests.examples.test_tutorial` writes the outputs that it shows.

A kernel runs it, as it does for readers: outputs are pictures and tables that only IPython shows.
"""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "tutorial.ipynb"


def executed() -> Any:
    """Return the notebook with new outputs, without their numbers and other forms of pictures."""
    notebook = nbformat.read(NOTEBOOK, 4)
    NotebookClient(notebook, timeout=900, kernel_name="python3", record_timing=False).execute()
    for cell in code_cells(notebook):
        cell.execution_count = None
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = None
            if kept := {"image/png", "text/markdown"} & output.get("data", {}).keys():
                output.data = {name: output.data[name] for name in kept}
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: Any) -> list[Any]:
    return [sorted(output.get("data", [output.output_type])) for output in cell.outputs]


@pytest.mark.slow
def test_the_tutorial_runs_and_prints_what_it_shows() -> None:
    shown, printed = nbformat.read(NOTEBOOK, 4), executed()
    for old, new in zip(code_cells(shown), code_cells(printed), strict=True):
        assert kinds(old) == kinds(new), old.source
        if "exact" in old.metadata.get("tags", ()):
            assert old.outputs == new.outputs, old.source


if __name__ == "__main__":
    nbformat.write(executed(), NOTEBOOK)
